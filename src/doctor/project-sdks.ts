import { FileError, type Files } from "../host.ts";
import { objectOf, parseJson } from "../json.ts";
import {
  type Client,
  type Defect,
  go,
  goV1,
  javascript,
  javascriptEndpoint,
  javascriptV2,
  ruby,
} from "./client-defects.ts";

/** An SDK, and how a project tells its version. */
interface ProjectSdk {
  name: string;
  /** For people. */
  place: string;
  /** From the current directory on; the first that is there says it. */
  files: readonly string[];
  /** As it stands there. */
  versionIn: (text: string) => string | undefined;
  defects: readonly Defect[];
  newer: string;
}

const NEWER_JAVASCRIPT = "newer packages of @aws-sdk";

const sdks: readonly ProjectSdk[] = [
  npm("@aws-sdk/credential-provider-node", javascript, NEWER_JAVASCRIPT),
  npm("@smithy/middleware-endpoint", javascriptEndpoint, NEWER_JAVASCRIPT),
  npm("aws-sdk", javascriptV2, "the AWS SDK for JavaScript v3 in place of aws-sdk, which is out of support"),
  module("github.com/aws/aws-sdk-go-v2/config", go, "a newer github.com/aws/aws-sdk-go-v2/config"),
  module(
    "github.com/aws/aws-sdk-go",
    goV1,
    "github.com/aws/aws-sdk-go-v2 in place of github.com/aws/aws-sdk-go, which is out of support",
  ),
  {
    name: "aws-sdk-core",
    place: "Gemfile.lock",
    files: ["Gemfile.lock"],
    // Indented by more it is what another gem asks for.
    versionIn: (text) => /^ {4}aws-sdk-core \(([^)\s]+)\)/m.exec(text)?.[1],
    defects: ruby,
    newer: "a newer aws-sdk-core",
  },
];

/** Bytes: a lock file of thousands of packages has some hundred thousand. */
const LIMIT = 1024 * 1024;

/** The AWS SDKs of the project in the current directory, by its files alone: nothing there is run. */
export function projectSdks(files: Files): Client[] {
  return sdks.flatMap((sdk) => {
    const text = sdk.files.map((path) => read(path, files)).find((found) => found !== undefined);
    const version = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?![\d.])/.exec(
      text === undefined ? "" : (sdk.versionIn(text) ?? ""),
    )?.[0];
    if (version === undefined) return [];
    return { name: `${sdk.name} ${version} (${sdk.place})`, version, defects: sdk.defects, newer: sdk.newer };
  });
}

/** A package of node_modules. pnpm keeps what others depend on in a directory of its own. */
function npm(name: string, defects: readonly Defect[], newer: string): ProjectSdk {
  const files = ["node_modules", "node_modules/.pnpm/node_modules"].map(
    (directory) => `${directory}/${name}/package.json`,
  );
  return { name, place: "node_modules", files, versionIn: (text) => packageVersion(text, name), defects, newer };
}

function packageVersion(text: string, name: string): string | undefined {
  try {
    const content = objectOf(parseJson(text));
    const version = content?.["version"];
    return content?.["name"] === name && typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}

/** What go.mod requires, but for what only other modules use (https://go.dev/ref/mod#go-mod-file). */
function module(name: string, defects: readonly Defect[], newer: string): ProjectSdk {
  const versionIn = (text: string) => {
    let block: string | undefined;
    for (const line of text.split("\n")) {
      const words = line.trim().split(/\s+/);
      if (words[1] === "(") block = words[0];
      else if (words[0] === ")") block = undefined;
      const [path, version, ...comment] = block === undefined && words[0] === "require" ? words.slice(1) : words;
      const isRequired = (block ?? words[0]) === "require" && path === name;
      if (isRequired && !/^\/\/ indirect\b/.test(comment.join(" "))) return version?.replace(/^v/, "");
    }
    return undefined;
  };
  return { name, place: "go.mod", files: ["go.mod"], versionIn, defects, newer };
}

/** What is not there, no file, too large, or not this user's to read says nothing. */
function read(path: string, files: Files): string | undefined {
  try {
    return files.read(path, LIMIT, ({ kind }) => {
      if (kind !== "file") throw new FileError("EINVAL");
    });
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
