import { FileError, type Files } from "../host.ts";
import {
  type Client,
  type Defect,
  dotnet,
  go,
  goV1,
  java,
  javascript,
  javascriptEndpoint,
  javascriptV2,
  php,
  ruby,
  rust,
} from "./client-defects.ts";
import { catalogVersion, gradleLockVersion, gradleVersion, pomVersion } from "./maven-versions.ts";
import {
  cargoVersion,
  composerVersion,
  gemVersion,
  goVersion,
  npmVersion,
  nugetAssetsVersion,
  nugetLockVersion,
} from "./sdk-versions.ts";

/** An SDK, and how a project tells its version. */
interface ProjectSdk {
  name: string;
  /** The first that says it counts. */
  places: readonly Place[];
  defects: readonly Defect[];
  newer: string;
}

interface Place {
  /** From the current directory on. */
  file: string;
  /** For people; the file unless given. */
  shown?: string;
  /** As it stands there, for the SDK of this name. */
  versionIn: (text: string, name: string) => string | undefined;
}

const NEWER_JAVASCRIPT = "newer packages of @aws-sdk";

const sdks: readonly ProjectSdk[] = [
  npm("@aws-sdk/credential-provider-node", javascript, NEWER_JAVASCRIPT),
  npm("@smithy/middleware-endpoint", javascriptEndpoint, NEWER_JAVASCRIPT),
  npm("aws-sdk", javascriptV2, "the AWS SDK for JavaScript v3 in place of aws-sdk, which is out of support"),
  {
    name: "github.com/aws/aws-sdk-go-v2/config",
    places: [{ file: "go.mod", versionIn: goVersion }],
    defects: go,
    newer: "a newer github.com/aws/aws-sdk-go-v2/config",
  },
  {
    name: "github.com/aws/aws-sdk-go",
    places: [{ file: "go.mod", versionIn: goVersion }],
    defects: goV1,
    newer: "github.com/aws/aws-sdk-go-v2 in place of github.com/aws/aws-sdk-go, which is out of support",
  },
  {
    name: "aws-sdk-core",
    places: [{ file: "Gemfile.lock", versionIn: gemVersion }],
    defects: ruby,
    newer: "a newer aws-sdk-core",
  },
  {
    name: "aws/aws-sdk-php",
    places: [{ file: "composer.lock", versionIn: composerVersion }],
    defects: php,
    newer: "a newer aws/aws-sdk-php",
  },
  {
    name: "software.amazon.awssdk",
    places: [
      // What credentials are read by.
      { file: "gradle.lockfile", versionIn: (text, group) => gradleLockVersion(text, group, "auth") },
      { file: "pom.xml", versionIn: pomVersion },
      { file: "gradle/libs.versions.toml", versionIn: catalogVersion },
      { file: "build.gradle", versionIn: gradleVersion },
      { file: "build.gradle.kts", versionIn: gradleVersion },
    ],
    defects: java,
    newer: "newer modules of software.amazon.awssdk",
  },
  {
    name: "AWSSDK.Core",
    places: [
      { file: "packages.lock.json", versionIn: nugetLockVersion },
      { file: "obj/project.assets.json", versionIn: nugetAssetsVersion },
    ],
    defects: dotnet,
    newer: "newer packages of AWSSDK",
  },
  {
    name: "aws-config",
    places: [{ file: "Cargo.lock", versionIn: cargoVersion }],
    defects: rust,
    newer: "a newer aws-config",
  },
];

/** Bytes: lock files of thousands of packages have some hundred thousand, project.assets.json of .NET some million. */
const LIMIT = 4 * 1024 * 1024;

/** The AWS SDKs of the project in the current directory, by its files alone: nothing there is run. */
export function projectSdks(files: Files): Client[] {
  return sdks.flatMap(({ name, places, defects, newer }) => {
    for (const { file, shown = file, versionIn } of places) {
      const said = versionIn(read(file, files) ?? "", name) ?? "";
      const version = /^\d{1,9}(?:\.\d{1,9}){2,3}(?![\d.])/.exec(said)?.[0];
      if (version !== undefined) return [{ name: `${name} ${version} (${shown})`, version, defects, newer }];
    }
    return [];
  });
}

/** A package of node_modules. pnpm keeps what others depend on in a directory of its own. */
function npm(name: string, defects: readonly Defect[], newer: string): ProjectSdk {
  const places = ["node_modules", "node_modules/.pnpm/node_modules"].map((directory) => ({
    file: `${directory}/${name}/package.json`,
    shown: "node_modules",
    versionIn: npmVersion,
  }));
  return { name, places, defects, newer };
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
