import { type Block, formatHcl } from "./hcl.ts";
import { identifier } from "./role.ts";
import { type Argv, shellLine } from "./shell.ts";

/** A service account that its owner has made, and perhaps the VM that is to have it. */
export interface GoogleWorkload {
  /** What stands before the `@` of its email. */
  account: string;
  project: string;
  vm: { name: string; zone: string } | undefined;
}

/** Reads `NAME@PROJECT.iam.gserviceaccount.com`; undefined for an account that Google makes itself. */
export function workloadOf(email: string, vm: GoogleWorkload["vm"]): GoogleWorkload | undefined {
  // A project of an organisation by a domain is `example.com:project`, in the email `project.example.com`.
  const [, account, name, domain] =
    /^([a-z][a-z\d-]{4,28}[a-z\d])@([a-z][a-z\d-]+)(?:\.([a-z\d][a-z\d.-]*))?\.iam\.gserviceaccount\.com$/.exec(
      email,
    ) ?? [];
  if (account === undefined || name === undefined) return undefined;
  return { account, project: domain === undefined ? name : `${domain}:${name}`, vm };
}

export function emailOf({ account, project }: GoogleWorkload): string {
  return `${account}@${project.split(":").toReversed().join(".")}.iam.gserviceaccount.com`;
}

/** Commands of gcloud that make both; the last shows the number that the trust policy compares with `sub`. */
export function gcloud(workload: GoogleWorkload): string {
  const { account, project, vm } = workload;
  const email = emailOf(workload);
  const commands: Argv[] = [createServiceAccount(account, project)];
  if (vm !== undefined) {
    const scopes = ["--service-account", email, "--scopes", "cloud-platform"];
    commands.push([
      "gcloud",
      "compute",
      "instances",
      "create",
      vm.name,
      "--project",
      project,
      "--zone",
      vm.zone,
      ...scopes,
    ]);
  }
  commands.push([
    "gcloud",
    "iam",
    "service-accounts",
    "describe",
    email,
    "--project",
    project,
    "--format",
    "value(uniqueId)",
  ]);
  return `${commands.map(shellLine).join("\n")}\n`;
}

export function createServiceAccount(account: string, project: string): Argv {
  return ["gcloud", "iam", "service-accounts", "create", account, "--project", project];
}

/** The same for Terraform's provider `hashicorp/google`. */
export function googleTerraform({ account, project, vm }: GoogleWorkload): string {
  const label = identifier(account);
  const blocks: Block[] = [
    {
      head: ["resource", "google_service_account", label],
      body: [
        ["project", project],
        ["account_id", account],
      ],
    },
  ];
  if (vm !== undefined) {
    blocks.push({
      head: ["resource", "google_compute_instance", identifier(vm.name)],
      body: [
        ["project", project],
        ["name", vm.name],
        ["zone", vm.zone],
        ["machine_type", "e2-small"],
        {
          head: ["boot_disk"],
          body: [{ head: ["initialize_params"], body: [["image", "debian-cloud/debian-12"]] }],
        },
        { head: ["network_interface"], body: [["network", "default"]] },
        {
          head: ["service_account"],
          body: [
            ["email", { reference: `google_service_account.${label}.email` }],
            ["scopes", ["cloud-platform"]],
          ],
        },
      ],
    });
  }
  // What the trust policy compares with `sub`.
  blocks.push({
    head: ["output", `${label}_unique_id`],
    body: [["value", { reference: `google_service_account.${label}.unique_id` }]],
  });
  return formatHcl(blocks);
}
