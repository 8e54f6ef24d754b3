"""boto3 clients that refuse an answer which AWS's own model does not allow: unknown members, wrong types, enums."""

import json

import boto3
from botocore.config import Config

PYTHON_TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": (int, float),
    "structure": dict,
    "list": list,
    "map": dict,
}


class Strict:
    """Keeps what was found; `client` hands out clients whose JSON answers are checked before they are parsed."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.answers = 0
        self.problems = []

    def client(self, service):
        made = boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(inject_host_prefix=False, retries={"max_attempts": 1, "mode": "standard"}),
        )
        made.meta.events.register("before-parse", self.check)
        return made

    def check(self, operation_model, response_dict, **_):
        if response_dict["status_code"] >= 300:
            return
        self.answers += 1
        if operation_model.service_model.resolved_protocol != "json" or operation_model.output_shape is None:
            return
        body = json.loads(response_dict["body"] or b"{}")
        self.visit(operation_model.output_shape, body, operation_model.name)

    def visit(self, shape, value, path):
        if value is None:
            return
        expected = PYTHON_TYPES.get(shape.type_name)
        if expected is not None and (not isinstance(value, expected) or (expected is int and value is True)):
            self.problems.append(f"{path}: {type(value).__name__} where the model has {shape.type_name}")
        elif shape.type_name == "structure":
            self.structure(shape, value, path)
        elif shape.type_name == "list":
            for item in value:
                self.visit(shape.member, item, f"{path}.*")
        elif shape.type_name == "map":
            for item in value.values():
                self.visit(shape.value, item, f"{path}.*")
        elif shape.type_name == "string" and getattr(shape, "enum", []) and value not in shape.enum:
            self.problems.append(f"{path}: {value!r} is not one of the model's values")

    def structure(self, shape, value, path):
        for name, member in value.items():
            if name not in shape.members:
                self.problems.append(f"{path}.{name}: the model has no such member")
            else:
                self.visit(shape.members[name], member, f"{path}.{name}")
        for name in shape.required_members:
            if value.get(name) is None:
                self.problems.append(f"{path}.{name}: required by the model, and not there")
