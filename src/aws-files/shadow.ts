import type { AwsFile, AwsFileKind } from "./parse.ts";

/** The two files, as far as they are there. */
export interface AwsFiles {
  config: AwsFile | undefined;
  credentials: AwsFile | undefined;
}

/** Where a profile can have its credentials from. */
export type SourceKind = "assume-role" | "web-identity" | "sso" | "static" | "login" | "process";

/** Something in a profile that an SDK may take credentials from. */
export interface Shadow {
  kind: SourceKind;
  file: AwsFileKind;
  /** From 1. */
  line: number;
  key: string;
}

/** One of these keys is enough for one of the SDKs to try, and to fail where others are missing. */
const sourceKeys: readonly (readonly [SourceKind, readonly string[]])[] = [
  // Of nothing by itself: credential_source and source_profile say where the credentials for role_arn are from.
  ["assume-role", ["role_arn"]],
  ["web-identity", ["web_identity_token_file"]],
  ["sso", ["sso_session", "sso_start_url", "sso_account_id", "sso_region", "sso_role_name"]],
  ["static", ["aws_access_key_id", "aws_secret_access_key"]],
  ["login", ["login_session"]],
  ["process", ["credential_process"]],
];

/**
 * What an SDK may ask before a door, by the place of the door: `process` credential_process in the config file, `static` keys in the
 * credentials file, `container` AWS_CONTAINER_CREDENTIALS_FULL_URI. The orders, of the same profile:
 * AWS CLI and boto3: role_arn, web identity, SSO, keys in the credentials file, login, process, keys in the config file, container.
 * JavaScript: role_arn, keys, web identity, process, SSO, login, container. Java and Go agree with one of them in each pair.
 */
const before: Readonly<Record<Door, readonly SourceKind[]>> = {
  static: ["assume-role", "web-identity", "sso"],
  process: ["assume-role", "web-identity", "sso", "static", "login", "process"],
  container: ["assume-role", "web-identity", "sso", "static", "login", "process"],
};

export type Door = "static" | "process" | "container";

/**
 * What stands in a profile of the two files and is taken, by at least one SDK, in place of that door. Both files count: the SDKs merge
 * them, and values of the credentials file win. Files with problems are searched too, for whatever might be read.
 */
export function shadowsOf(files: AwsFiles, profile: string, door: Door = "container"): Shadow[] {
  const shadows: Shadow[] = [];
  for (const file of [files.config, files.credentials]) {
    for (const section of file?.sections ?? []) {
      if (file === undefined || (section.profile !== profile && !isForAll(section.header))) continue;
      for (const { key, line } of section.properties) {
        const kind = sourceKeys.find(([, keys]) => keys.includes(key))?.[0];
        if (kind === undefined || !before[door].includes(kind)) continue;
        // The door itself.
        if (door === "process" && kind === "process" && file.kind === "config") continue;
        shadows.push({ kind, file: file.kind, line, key });
      }
    }
  }
  return shadows;
}

/** Python's configparser adds the keys of this section to every other. */
function isForAll(header: string): boolean {
  return header === "DEFAULT";
}
