"""Drives whole rollouts by hand with boto3: each line that begins with "ok" is a check that held."""

import sys
import time

from botocore.exceptions import ClientError
from strict import Strict

PATIENCE_S = 60
CLUSTER = "quay"
ROLE = "arn:aws:iam::123456789012:role/ecs-balancer"
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0d0eab1bb38d5ca64"],
        "securityGroups": ["sg-0a1b2c3d"],
        "assignPublicIp": "ENABLED",
    }
}

aws = Strict(sys.argv[1])
ecs, elb, cloudwatch, events = (aws.client(name) for name in ("ecs", "elbv2", "cloudwatch", "events"))


def check(name, found, expected):
    if found != expected:
        raise SystemExit(f"{name}: {found!r} instead of {expected!r}")
    print(f"ok {name}", flush=True)


def refused(name, code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        check(name, error.response["Error"]["Code"], code)
        return
    raise SystemExit(f"{name}: not refused")


def until(name, look, holds):
    """Looks until it holds, and returns what was seen then."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds(seen := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f"{name}: not within {PATIENCE_S} s, last seen {seen!r}")
        time.sleep(0.1)
    print(f"ok {name}", flush=True)
    return seen


def define(family, image):
    answer = ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "app", "image": image, "portMappings": [{"containerPort": 8080}], "memory": 512}
        ],
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def service_of(name):
    return ecs.describe_services(cluster=CLUSTER, services=[name])["services"][0]


def deployment_of(name):
    """The newest service deployment, described."""
    briefs = ecs.list_service_deployments(cluster=CLUSTER, service=name)["serviceDeployments"]
    newest = max(briefs, key=lambda brief: brief["createdAt"])
    arn = newest["serviceDeploymentArn"]
    return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]


def reaches(name, status):
    return until(f"{name}: {status}", lambda: deployment_of(name), lambda seen: seen["status"] == status)


def running_images(name):
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName=name)["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    return sorted(task["containers"][0]["image"] for task in tasks if task["lastStatus"] == "RUNNING")


def rolling():
    name = "rolling"
    first, second = define(name, "app:1"), define(name, "app:2")
    created = ecs.create_service(
        cluster=CLUSTER,
        serviceName=name,
        taskDefinition=first,
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        deploymentConfiguration={
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    )["service"]
    check("rolling: created", (created["status"], created["desiredCount"]), ("ACTIVE", 2))
    waiter = ecs.get_waiter("services_stable")
    waiter.wait(cluster=CLUSTER, services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE_S})
    check("rolling: the first version runs", running_images(name), ["app:1", "app:1"])
    reaches(name, "SUCCESSFUL")
    ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=second)
    done = reaches(name, "SUCCESSFUL")
    until("rolling: the second version runs", lambda: running_images(name), lambda seen: seen == ["app:2"] * 2)
    revision = done["targetServiceRevision"]["arn"]
    described = ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"][0]
    check("rolling: the revision names the second version", described["taskDefinition"], second)
    refused(
        "rolling: a finished deployment cannot be stopped",
        "ConflictException",
        ecs.stop_service_deployment,
        serviceDeploymentArn=done["serviceDeploymentArn"],
        stopType="ROLLBACK",
    )


def balancer(name):
    """Two target groups behind one rule of a listener."""
    groups = [
        elb.create_target_group(
            Name=f"{name}-{color}",
            Protocol="HTTP",
            Port=8080,
            VpcId="vpc-0a1b2c3d",
            TargetType="ip",
            HealthCheckPath="/",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        for color in ("blue", "green")
    ]
    for group in groups:
        elb.modify_target_group_attributes(
            TargetGroupArn=group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}],
        )
    balancer_arn = elb.create_load_balancer(
        Name=name, Subnets=["subnet-0d0eab1bb38d5ca64", "subnet-0d0eab1bb38d5ca65"], Type="application"
    )["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer_arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
        ],
    )["Listeners"][0]["ListenerArn"]
    weights = [{"TargetGroupArn": groups[0], "Weight": 100}, {"TargetGroupArn": groups[1], "Weight": 0}]
    rule = elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    )["Rules"][0]["RuleArn"]
    return groups, rule


def weights_of(rule):
    action = elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]
    return {group["TargetGroupArn"]: group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]}


def targets_of(group):
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return sorted(target["TargetHealth"]["State"] for target in health)


def balanced_service(name, configuration):
    (blue, green), rule = balancer(name)
    first, second = define(name, "app:1"), define(name, "app:2")
    ecs.create_service(
        cluster=CLUSTER,
        serviceName=name,
        taskDefinition=first,
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        deploymentController={"type": "ECS"},
        deploymentConfiguration=configuration,
        loadBalancers=[
            {
                "targetGroupArn": blue,
                "containerName": "app",
                "containerPort": 8080,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": green,
                    "productionListenerRule": rule,
                    "roleArn": ROLE,
                },
            }
        ],
    )
    reaches_first(name, rule)
    return second, (blue, green), rule


PAUSE = {
    "targetType": "PAUSE",
    "lifecycleStages": ["POST_SCALE_UP"],
    "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"},
}


def reaches_first(name, rule):
    """A first deployment pauses at its hooks like any other."""
    goes_on(name)
    reaches(name, "SUCCESSFUL")
    until(f"{name}: healthy behind the rule", lambda: serving(rule), lambda seen: seen == ["healthy"] * 2)


def serving(rule):
    return sorted(state for group, weight in weights_of(rule).items() if weight > 0 for state in targets_of(group))


def awaiting(deployment):
    hooks = deployment.get("lifecycleHookDetails", [])
    return [hook["hookId"] for hook in hooks if hook.get("status") == "AWAITING_ACTION"]


def goes_on(name):
    """Continues at the pause, if the deployment comes to one."""
    seen = until(
        f"{name}: paused or done",
        lambda: deployment_of(name),
        lambda seen: awaiting(seen) or seen["status"] not in ("PENDING", "IN_PROGRESS"),
    )
    for hook in awaiting(seen):
        ecs.continue_service_deployment(
            serviceDeploymentArn=seen["serviceDeploymentArn"], hookId=hook, action="CONTINUE"
        )


def paused(name, rule):
    before = weights_of(rule)
    seen = until(f"{name}: paused", lambda: deployment_of(name), awaiting)
    check(f"{name}: paused after scaling up", seen["lifecycleStage"], "POST_SCALE_UP")
    check(f"{name}: the pause is in progress", seen["status"], "IN_PROGRESS")
    check(f"{name}: no traffic has moved", weights_of(rule), before)
    check(f"{name}: both versions run", running_images(name), ["app:1"] * 2 + ["app:2"] * 2)
    return seen


def canary():
    name = "canary"
    second, groups, rule = balanced_service(
        name,
        {
            "strategy": "CANARY",
            "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": 3},
            "bakeTimeInMinutes": 1,
            "lifecycleHooks": [PAUSE],
        },
    )
    before = weights_of(rule)
    ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=second)
    deployment = paused(name, rule)
    arn, hook = deployment["serviceDeploymentArn"], awaiting(deployment)[0]
    answer = ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action="CONTINUE")
    check("canary: continued", answer["serviceDeploymentArn"], arn)
    old = max(before, key=before.get)
    (new,) = set(groups) - {old}
    until("canary: a tenth of the traffic", lambda: weights_of(rule), lambda seen: 0 < seen[new] < seen[old])
    until("canary: all of the traffic", lambda: weights_of(rule), lambda seen: seen[old] == 0)
    done = reaches(name, "SUCCESSFUL")
    check("canary: it has an end", done.get("finishedAt") is not None, True)
    until("canary: the old version is gone", lambda: running_images(name), lambda seen: seen == ["app:2"] * 2)
    revision = ecs.describe_service_revisions(serviceRevisionArns=[done["targetServiceRevision"]["arn"]])
    check("canary: the revision", revision["serviceRevisions"][0]["taskDefinition"], second)
    check("canary: it kept its balancer", len(revision["serviceRevisions"][0]["loadBalancers"]), 1)


def blue_green_rolled_back():
    name = "blue-green"
    second, groups, rule = balanced_service(
        name, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [PAUSE]}
    )
    before = weights_of(rule)
    ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=second)
    deployment = paused(name, rule)
    arn = deployment["serviceDeploymentArn"]
    answer = ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    check("blue-green: stopped", answer["serviceDeploymentArn"], arn)
    rolled_back = until(
        "blue-green: rolled back",
        lambda: continued(name),
        lambda seen: seen["status"] == "ROLLBACK_SUCCESSFUL",
    )
    check("blue-green: it says why", rolled_back["rollback"].get("reason") is not None, True)
    check("blue-green: the weights are as before", weights_of(rule), before)
    until("blue-green: the old version runs", lambda: running_images(name), lambda seen: seen == ["app:1"] * 2)
    check("blue-green: the service names the old version", service_of(name)["taskDefinition"][-2:], ":1")


def linear():
    """Two steps of a half, watched at the listener's rule."""
    name = "linear"
    second, groups, rule = balanced_service(
        name,
        {
            "strategy": "LINEAR",
            "linearConfiguration": {"stepPercent": 50, "stepBakeTimeInMinutes": 3},
            "bakeTimeInMinutes": 1,
        },
    )
    before = weights_of(rule)
    old = max(before, key=before.get)
    (new,) = set(groups) - {old}
    ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=second)
    until("linear: half of the traffic", lambda: weights_of(rule), lambda seen: seen[old] == seen[new])
    check("linear: both versions serve", serving(rule), ["healthy"] * 4)
    until("linear: all of the traffic", lambda: weights_of(rule), lambda seen: seen[old] == 0)
    reaches(name, "SUCCESSFUL")
    until("linear: the old version is gone", lambda: running_images(name), lambda seen: seen == ["app:2"] * 2)


def continued(name):
    """Hooks are run again on the way back: a pause there must be continued, too."""
    deployment = deployment_of(name)
    if deployment["status"] == "ROLLBACK_IN_PROGRESS":
        for hook in awaiting(deployment):
            ecs.continue_service_deployment(
                serviceDeploymentArn=deployment["serviceDeploymentArn"], hookId=hook, action="CONTINUE"
            )
    return deployment


ROLLOUTS = {"rolling": rolling, "canary": canary, "linear": linear, "blue-green": blue_green_rolled_back}

ecs.create_cluster(clusterName=CLUSTER)
for rollout in sys.argv[2:] or ROLLOUTS:
    ROLLOUTS[rollout]()
for problem in sorted(set(aws.problems)):
    print(f"model: {problem}", file=sys.stderr)
check(f"{aws.answers} answers fit AWS's models", sorted(set(aws.problems)), [])
