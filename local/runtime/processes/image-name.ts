// Image names as registries read them: `[registry/]repository[:tag][@digest]`.

export interface ImageName {
  /** Without the registry's host. */
  readonly repository: string;
  readonly tag: string;
}

/** The first part is a registry when it looks like a host: https://docs.docker.com/reference/cli/docker/image/tag/ */
export function parseImageName(image: string): ImageName {
  const [named = ""] = image.split("@");
  const parts = named.split("/");
  const first = parts[0] ?? "";
  const isRegistry = parts.length > 1 && (/[.:]/.test(first) || first === "localhost");
  const path = (isRegistry ? parts.slice(1) : parts).join("/");
  const colon = path.lastIndexOf(":");
  if (colon < 0) return { repository: withoutLibrary(path), tag: "latest" };
  return { repository: withoutLibrary(path.slice(0, colon)), tag: path.slice(colon + 1) };
}

/** Docker's own images: `library/nginx` is `nginx`. */
const withoutLibrary = (path: string): string => path.replace(/^library\//, "");
