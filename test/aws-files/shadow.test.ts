import { expect, it } from "vitest";
import { parseAwsFile } from "../../src/aws-files/parse.ts";
import { type Door, shadowsOf } from "../../src/aws-files/shadow.ts";

function shadows(config: string, credentials: string, door: Door): string[] {
  const files = { config: parseAwsFile(config, "config"), credentials: parseAwsFile(credentials, "credentials") };
  return shadowsOf(files, "x", door).map(({ kind, file, line, key }) => `${kind} ${file} ${line} ${key}`);
}

it.each<[Door, string, string, string[]]>([
  ["process", "[profile x]\ncredential_process = p\nregion = r\n", "", []],
  ["container", "[profile x]\ncredential_process = p\n", "", ["process config 2 credential_process"]],
  ["process", "", "[x]\ncredential_process = p\n", ["process credentials 2 credential_process"]],
  ["process", "[profile x]\naws_access_key_id = a\n", "", ["static config 2 aws_access_key_id"]],
  ["static", "[profile x]\naws_access_key_id = a\ncredential_process = p\nlogin_session = l\n", "", []],
  ["static", "[profile x]\nrole_arn = r\n", "", ["assume-role config 2 role_arn"]],
  ["static", "", "[x]\nweb_identity_token_file = f\n", ["web-identity credentials 2 web_identity_token_file"]],
  ["static", "[profile x]\nsso_session = s\n", "", ["sso config 2 sso_session"]],
  ["process", "[profile x]\nlogin_session = s\n", "", ["login config 2 login_session"]],
  [
    "container",
    "[profile y]\nrole_arn = r\n[x]\nrole_arn = r\n[sso-session x]\nsso_region = r\n",
    "[y]\nrole_arn = r\n",
    [],
  ],
  ["container", "[profile x]\nregion = r\noutput = json\nsource_profile = y\n", "", []],
  // Files that SDKs read differently: what any of them might see.
  ["container", "[DEFAULT]\nrole_arn = r\n", "", ["assume-role config 2 role_arn"]],
  ["container", "[profile.x]\n  Role_ARN: r\n", "", ["assume-role config 2 role_arn"]],
  ["container", "", "[profile x]\naws_access_key_id =\n", ["static credentials 2 aws_access_key_id"]],
  ["container", "[profile x]\n[profile x]\nrole_arn = r\n", "", ["assume-role config 3 role_arn"]],
])("what comes before %s in %j and %j", (door, config, credentials, expected) => {
  expect(shadows(config, credentials, door)).toEqual(expected);
});

it("needs neither file", () => {
  expect(shadowsOf({ config: undefined, credentials: undefined }, "default")).toEqual([]);
});
