// A disk in memory, with the rules of the real one that the cache relies on.
import { FileError, type Files, type FileStatus } from "../src/host.ts";

interface Node {
  status: FileStatus;
  text: string;
  /** A socket's: whether somebody listens. */
  listening: boolean;
}

export interface FakeFiles extends Files {
  nodes: Map<string, Node>;
  uid: () => number;
  /** Called before each operation; a test throws here, or lets another process run. */
  before: (operation: string, path: string) => void;
  /** Makes a socket that is listened on, or stops that. */
  bind: (path: string) => () => void;
  now: () => number;
}

export const UID = 1000;

export function fakeFiles(now: () => number): FakeFiles {
  const nodes = new Map<string, Node>();
  const make = (path: string, kind: FileStatus["kind"], mode: number, text = ""): Node => {
    const node = { status: { kind, mode, uid: UID, links: 1, modified: now() }, text, listening: false };
    nodes.set(path, node);
    return node;
  };
  const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
  const childrenOf = (path: string) => [...nodes.keys()].filter((name) => name !== "/" && parentOf(name) === path);
  const find = (path: string): Node => {
    const node = nodes.get(path);
    if (node === undefined) throw new FileError("ENOENT");
    return node;
  };
  const fresh = (path: string) => {
    if (find(parentOf(path)).status.kind !== "directory") throw new FileError("ENOTDIR");
    if (nodes.has(path)) throw new FileError("EEXIST");
  };
  const touch = (path: string) => {
    const parent = nodes.get(parentOf(path));
    if (parent !== undefined) parent.status = { ...parent.status, modified: now() };
  };
  make("/", "directory", 0o755);
  make("/home", "directory", 0o700);

  const files: FakeFiles = {
    nodes,
    now,
    before: () => {},
    uid: () => UID,
    status: (path) => {
      files.before("status", path);
      return find(path).status;
    },
    openDirectory: (path) => {
      files.before("openDirectory", path);
      const node = find(path);
      if (node.status.kind !== "directory") throw new FileError("ENOTDIR");
      return { status: node.status, path, close: () => {} };
    },
    makeDirectory: (path) => {
      files.before("makeDirectory", path);
      fresh(path);
      make(path, "directory", 0o700);
      touch(path);
    },
    removeDirectory: (path) => {
      files.before("removeDirectory", path);
      find(path);
      if (childrenOf(path).length > 0) throw new FileError("ENOTEMPTY");
      nodes.delete(path);
      touch(path);
    },
    list: (path) => {
      files.before("list", path);
      find(path);
      return childrenOf(path).map((child) => child.slice(path.length + 1));
    },
    read: (path, limit, accept) => {
      files.before("read", path);
      const { status, text } = find(path);
      accept(status);
      if (Buffer.byteLength(text) > limit) throw new FileError("EFBIG");
      return text;
    },
    write: (path, text) => {
      files.before("write", path);
      fresh(path);
      make(path, "file", 0o600, text);
      touch(path);
    },
    rename: (from, to) => {
      files.before("rename", to);
      const moved = find(from);
      const target = nodes.get(to);
      if (target?.status.kind === "directory" && childrenOf(to).length > 0) throw new FileError("ENOTEMPTY");
      const below = childrenOf(from);
      nodes.delete(from);
      nodes.set(to, moved);
      for (const child of below) {
        nodes.set(`${to}${child.slice(from.length)}`, find(child));
        nodes.delete(child);
      }
      touch(to);
    },
    unlink: (path) => {
      files.before("unlink", path);
      find(path);
      nodes.delete(path);
      touch(path);
    },
    bind: (path) => {
      files.before("bind", path);
      fresh(path);
      const node = make(path, "other", 0o755);
      node.listening = true;
      return () => {
        node.listening = false;
      };
    },
  };
  return files;
}
