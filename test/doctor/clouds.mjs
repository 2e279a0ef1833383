// Stands for aws, gcloud, kubectl and chronyc where a remedy is pasted: changes what the emulators are started with next.
import { readFileSync, writeFileSync } from "node:fs";

const [, , file, ...argv] = process.argv;
const state = JSON.parse(readFileSync(file, "utf8"));
const { definition } = state;
const valueOf = (flag) => argv[argv.indexOf(flag) + 1];
const command = argv
  .filter((word) => !word.startsWith("-"))
  .slice(0, 3)
  .join(" ");
const account = { email: "team-a@example-project.iam.gserviceaccount.com", unique_id: "100111222333444555666" };

switch (command) {
  case "aws iam update-assume-role-policy":
    definition.roles.find(({ name }) => name === valueOf("--role-name")).trust_policy = JSON.parse(
      valueOf("--policy-document"),
    );
    break;
  case "aws iam create-open-id-connect-provider":
    definition.oidc_providers.push({ url: valueOf("--url"), client_ids: JSON.parse(valueOf("--client-id-list")) });
    break;
  case "aws iam add-client-id-to-open-id-connect-provider": {
    const { OpenIDConnectProviderArn: arn, ClientID: audience } = JSON.parse(valueOf("--cli-input-json"));
    definition.oidc_providers.find(({ url }) => arn.endsWith(url.replace("https:/", ""))).client_ids.push(audience);
    break;
  }
  case "gcloud compute instances":
    definition.service_accounts = [{ ...account, aliases: ["default"] }];
    break;
  case "gcloud iam service-accounts":
    state.granted = true;
    definition.service_accounts.find(({ email }) => argv.includes(email))?.token_creators?.push(valueOf("--member"));
    break;
  default:
    if (command.startsWith("kubectl annotate")) definition.service_accounts = [{ ...account, aliases: ["default"] }];
    else if (command === "chronyc makestep")
      state.faults = state.faults.filter((fault) => !fault.includes("clock-skew"));
    else throw new Error(`no such command here: ${command}`);
}
writeFileSync(file, JSON.stringify(state));
