import { describe, expect, it } from "vitest";
import { checkEditable, editFile, readUserFile } from "../../src/delivery/edit-file.ts";
import { Gcp2awsError } from "../../src/errors.ts";
import { FileError, type FileStatus, type UserFiles } from "../../src/host.ts";
import { UID } from "../fake-files.ts";
import { type FakeHost, fakeHost } from "../fake-host.ts";

const PATH = "/home/.aws/credentials";

interface Machine {
  host: FakeHost;
  user: UserFiles;
  links: Map<string, string>;
  text: (path?: string) => string | undefined;
  mode: (path?: string) => number | undefined;
  /** Whatever lies in the directory. */
  names: () => string[];
  edit: (change?: (text: string) => string, secret?: boolean) => Promise<boolean>;
}

function machine(text?: string, status: Partial<FileStatus> = {}): Machine {
  const host = fakeHost(() => ({}));
  const { files } = host;
  const links = new Map<string, string>();
  const user: UserFiles = {
    realPath: (path) => {
      const real = links.get(path) ?? path;
      files.status(real);
      return real;
    },
    setMode: (path, mode) => {
      const node = files.nodes.get(path);
      if (node !== undefined) node.status = { ...node.status, mode };
    },
    checkWritable: (directory) => {
      if ((files.status(directory).mode & 0o200) === 0) throw new FileError("EACCES");
    },
  };
  if (text !== undefined) {
    files.makeDirectory("/home/.aws");
    files.write(PATH, text);
    const node = files.nodes.get(PATH);
    if (node !== undefined) node.status = { ...node.status, ...status };
  }
  return {
    host,
    user,
    links,
    text: (path = PATH) => files.nodes.get(path)?.text,
    mode: (path = PATH) => files.nodes.get(path)?.status.mode,
    names: () => [...files.nodes.keys()].filter((name) => name.startsWith("/home/.aws/")),
    edit: (change = (old) => `${old}new\n`, secret = true) => editFile({ path: PATH, change, secret }, host, user),
  };
}

async function failure(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (error instanceof Gcp2awsError && error.code === "LOCAL_FILE") return error.message;
    throw error;
  }
  return "no failure";
}

describe("whether a file can be edited is seen", () => {
  const seen = ({ host, user }: Machine) => {
    const before = JSON.stringify([...host.files.nodes]);
    try {
      checkEditable(PATH, host, user);
    } catch (error) {
      if (error instanceof Gcp2awsError && error.code === "LOCAL_FILE") return error.message;
      throw error;
    } finally {
      expect(JSON.stringify([...host.files.nodes])).toBe(before);
    }
    return "editable";
  };
  const withStatus = (place: Machine, path: string, status: Partial<FileStatus>) => {
    const node = place.host.files.nodes.get(path);
    if (node !== undefined) node.status = { ...node.status, ...status };
    return place;
  };

  it.each<[string, Machine, string]>([
    ["as it is", machine("old\n"), "editable"],
    ["without its directory", machine(), "editable"],
    ["in a directory for reading", withStatus(machine("old\n"), "/home/.aws", { mode: 0o500 }), "not written: EACCES"],
    ["in a home for reading", withStatus(machine(), "/home", { mode: 0o500 }), "not written: EACCES"],
    [
      "in another's directory",
      withStatus(machine("old\n"), "/home/.aws", { uid: 7 }),
      "its directory belongs to user 7",
    ],
  ])("%s", (_, place, message) => {
    expect(seen(place)).toContain(message);
  });

  it("behind links", () => {
    const place = machine("link");
    place.links.set(PATH, "/home/dotfiles/aws");
    expect(seen(place)).toContain("a link that leads nowhere");
    place.host.files.makeDirectory("/home/dotfiles");
    place.host.files.write("/home/dotfiles/aws", "old\n");
    expect(seen(place)).toBe("editable");
    expect(seen(withStatus(place, "/home/dotfiles", { mode: 0o500 }))).toContain("not written: EACCES");
  });
});

describe("a file that people edit too", () => {
  it("is made, with its directory, for this user alone", async () => {
    const { edit, text, mode, names } = machine();
    expect(await edit()).toBe(true);
    expect([text(), mode(), mode("/home/.aws")]).toEqual(["new\n", 0o600, 0o700]);
    expect(names()).toEqual([PATH]);
  });

  it("is replaced, and nothing else is left behind", async () => {
    const { edit, text, names } = machine("old\n");
    expect(await edit()).toBe(true);
    expect(text()).toBe("old\nnew\n");
    expect(names()).toEqual([PATH]);
  });

  it("is not written when nothing changes", async () => {
    const { host, edit } = machine("old\n");
    host.files.before = (operation) => {
      if (operation === "write") throw new Error("written");
    };
    expect(await edit((text) => text)).toBe(false);
  });

  it("with a secret becomes unreadable for others, even if its text is the same", async () => {
    const { edit, mode } = machine("old\n", { mode: 0o644 });
    expect(await edit((text) => text)).toBe(true);
    expect(mode()).toBe(0o600);
  });

  it("without a secret keeps its mode", async () => {
    const { edit, mode } = machine("old\n", { mode: 0o664 });
    await edit(undefined, false);
    expect(mode()).toBe(0o664);
  });

  it("behind a link is replaced where it is", async () => {
    const { host, edit, links, text } = machine("link");
    host.files.makeDirectory("/home/dotfiles");
    host.files.write("/home/dotfiles/aws", "old\n");
    links.set(PATH, "/home/dotfiles/aws");
    await edit();
    expect([text(), text("/home/dotfiles/aws")]).toEqual(["link", "old\nnew\n"]);
  });

  it("behind a link that leads nowhere is not made", async () => {
    const { edit, links } = machine("link");
    links.set(PATH, "/home/dotfiles/aws");
    expect(await failure(edit())).toContain("a link that leads nowhere");
  });

  it.each<[string, Partial<FileStatus>, string]>([
    ["of another user", { uid: UID + 1 }, `belongs to user ${UID + 1}, not to ${UID}`],
    ["that everybody may write", { mode: 0o666 }, "everybody may write it"],
    ["with a second name", { links: 2 }, "it has 2 names"],
    ["that is none", { kind: "other" }, "not a file"],
  ])("%s is neither read nor written", async (_what, status, why) => {
    const { host, user, edit, text } = machine("old\n", status);
    expect(await failure(edit())).toContain(why);
    expect(() => readUserFile(PATH, host, user)).toThrow(why);
    expect(text()).toBe("old\n");
  });

  it.each(["/home", "/home/.aws"])("is not made below the %s of another user", async (directory) => {
    const { host, edit, names } = machine();
    if (directory !== "/home") host.files.makeDirectory("/home/.aws");
    const node = host.files.nodes.get(directory);
    if (node !== undefined) node.status = { ...node.status, uid: UID + 1 };
    expect(await failure(edit())).toContain(`its directory belongs to user ${UID + 1}, not to ${UID}`);
    expect(names()).toEqual([]);
    if (node !== undefined) node.status = { ...node.status, uid: 0 };
    expect(await edit()).toBe(true);
  });

  it.each([
    ["write", "ENOSPC"],
    ["write", "EDQUOT"],
    ["rename", "EROFS"],
    ["makeDirectory", "EACCES"],
    ["bind", "EOPNOTSUPP"],
    ["openDirectory", "EACCES"],
    ["read", "EIO"],
  ])("is as it was when %s fails with %s, and the lock is free", async (failing, code) => {
    const { host, edit, text, names } = machine("old\n");
    host.files.before = (operation) => {
      if (operation === failing) throw new FileError(code);
    };
    expect(await failure(edit())).toBe(`${PATH} not written: ${code}`);
    host.files.before = () => {};
    expect(text()).toBe("old\n");
    expect(names()).toEqual([PATH]);
    expect(await edit()).toBe(true);
  });

  it("above a megabyte is none of the SDKs'", async () => {
    expect(await failure(machine("x".repeat(1024 * 1024 + 1)).edit())).toContain("EFBIG");
  });

  it("that another program changes meanwhile keeps that change", async () => {
    const { host, edit, text } = machine("old\n");
    const node = host.files.nodes.get(PATH);
    let times = 2;
    host.files.before = (operation) => {
      if (operation === "write" && node !== undefined && times-- > 0) node.text += "theirs\n";
    };
    expect(await edit()).toBe(true);
    expect(text()).toBe("old\ntheirs\ntheirs\nnew\n");
  });

  it("that another program changes all the time is left to it", async () => {
    const { host, edit, names } = machine("old\n");
    const node = host.files.nodes.get(PATH);
    host.files.before = (operation) => {
      if (operation === "write" && node !== undefined) node.text += "theirs\n";
    };
    expect(await failure(edit())).toContain("another program changes it all the time");
    expect(names()).toEqual([PATH]);
  });

  it("is left alone by who cannot say what to write", async () => {
    const { edit, text, names } = machine("old\n");
    const refuse = () => {
      throw new Gcp2awsError("LOCAL_FILE", "no");
    };
    expect(await failure(edit(refuse))).toBe("no");
    expect(text()).toBe("old\n");
    expect(names()).toEqual([PATH]);
  });

  describe("while another process has the lock", () => {
    /** A machine, and the path of the lock, which is only there while somebody edits. */
    async function lockable(): Promise<Machine & { lock: string }> {
      const one = machine("old\n");
      const { files } = one.host;
      let lock = "";
      files.before = (operation, path) => {
        if (operation === "bind") lock = path.replace(/\.[0-9]{16}\/.*/, "");
      };
      await one.edit((text) => `${text}x`);
      const node = files.nodes.get(PATH);
      if (node !== undefined) node.text = "old\n";
      files.before = () => {};
      files.makeDirectory(lock);
      return { ...one, lock };
    }

    it("waits for it, and keeps its edit", async () => {
      const one = await lockable();
      const { lock } = one;
      const { files } = one.host;
      const stop = files.bind(`${lock}/1234567812345678`);
      one.host.meanwhile = () => {
        const node = files.nodes.get(PATH);
        if (node !== undefined) node.text += "theirs\n";
        files.unlink(`${lock}/1234567812345678`);
        files.removeDirectory(lock);
        stop();
      };
      expect(await one.edit()).toBe(true);
      expect(one.text()).toBe("old\ntheirs\nnew\n");
    });

    it("that has died, takes over", async () => {
      const one = await lockable();
      const { lock } = one;
      one.host.files.bind(`${lock}/1234567812345678`)();
      expect(await one.edit()).toBe(true);
    });

    it("that is stopped, gives up and never puts it aside", async () => {
      const one = await lockable();
      const { lock } = one;
      one.host.files.bind(`${lock}/1234567812345678`);
      expect(await failure(one.edit())).toContain("another gcp2aws process is writing it");
      expect(one.names()).toContain(`${lock}/1234567812345678`);
      expect(one.text()).toBe("old\n");
    });
  });
});

it("a file that is not there is read as empty", () => {
  const { host, user } = machine();
  expect(readUserFile(PATH, host, user)).toBe("");
});
