// What `trust-policy generate` writes for AWS CDK and Pulumi, compiled by tsc with the packages that it imports. They are too large to
// be dependencies of the project, so they come into a folder of their own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmCommand } from "./npm.ts";

const PACKAGES = ["aws-cdk-lib@2.276.0", "constructs@10.8.1", "@pulumi/aws@7.48.0", "@pulumi/pulumi@3.248.0"];
const ROLE = "arn:aws:iam::111122223333:role/teams/Team";
const GKE = {
  iss: "https://container.googleapis.com/v1/projects/example/locations/europe-west1/clusters/one",
  sub: "system:serviceaccount:default:team-a",
  aud: "sts.amazonaws.com",
};
const S3 = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gcp2aws-generated-"));
try {
  tryGenerated();
} finally {
  rmSync(folder, { recursive: true });
}

function tryGenerated(): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(folder, "gke.json"), JSON.stringify(GKE));
  run(...npmCommand(), "install", "--loglevel=error", "--no-fund", "--no-audit", "--ignore-scripts", ...PACKAGES);
  const files = ["cdk", "pulumi"].flatMap((format) => [
    generate(
      `${format}.ts`,
      format,
      "--sub",
      "100111222333444555666",
      "--audience",
      "https://a/${b}`'\"",
      "--permissions",
      S3,
    ),
    generate(`${format}-gke.ts`, format, "--claims", join(folder, "gke.json"), "--duration-seconds", "7200"),
    generate(`${format}-chain.ts`, format, "--via", ROLE.replace("Team", "First"), "--audience", "a"),
  ]);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    target: "es2022",
    skipLibCheck: true,
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  run(join(root, "node_modules/.bin/tsc"), "--project", folder);
  process.stdout.write(`compiled: ${files.join(", ")}\n`);
}

function generate(file: string, format: string, ...argv: string[]): string {
  const main = join(root, "dist/cli/main.js");
  const text = run(process.execPath, main, "trust-policy", "generate", "--format", format, "--role-arn", ROLE, ...argv);
  writeFileSync(join(folder, file), text);
  return file;
}

function run(program: string, ...argv: string[]): string {
  const { status, error, stdout, stderr } = spawnSync(program, argv, {
    cwd: folder,
    encoding: "utf8",
    timeout: 300_000,
  });
  if (status === 0) return stdout;
  throw new Error([`failed: ${program} ${argv.join(" ")}`, error?.message, stdout, stderr].filter(Boolean).join("\n"));
}
