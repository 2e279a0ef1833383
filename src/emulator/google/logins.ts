import { randomBytes } from "node:crypto";
import { exportJWK, exportPKCS8, generateKeyPair, type JSONWebKeySet, type JWK } from "jose";
import type { Definition, ServiceAccount } from "../definition.ts";
import type { Clock } from "../http.ts";
import { createIssuer, type Issuer } from "../issuer.ts";

const USER = "developer@example.com";
const EXTERNAL_ISSUER = "https://ci.example.com";
const EXTERNAL_SUBJECT = "team-a";

/** What Google's token endpoints know beside the service accounts: keys, a user who has logged in, an external identity provider. */
export interface Logins {
  /** The public keys of a service account, by its email. */
  keysOf: (email: string) => JSONWebKeySet;
  user: { email: string; clientId: string; clientSecret: string; refreshToken: string };
  external: {
    issuer: Issuer;
    issuerUrl: string;
    /** Of the workload identity pool, `projects/…/workloadIdentityPools/…`. */
    pool: string;
    /** `//iam.googleapis.com/…/providers/…` */
    provider: string;
  };
  /**
   * Files of application default credentials, by name: a key for each service account and two ways to impersonate it, the user, and
   * the token of the external identity that one of the ways is for.
   *
   * @param googleUrl where Google's APIs are served
   * @param directory where the files will be
   */
  files: (googleUrl: string, directory: string) => Promise<Record<string, string>>;
}

export function createLogins({ serviceAccounts, workload }: Definition, clock: Clock): Logins {
  const keys: { email: string; publicKey: JWK }[] = [];
  const secret = (bytes: number) => randomBytes(bytes).toString("base64url");
  const user = {
    email: USER,
    clientId: "764086051850-emulator.apps.googleusercontent.com",
    clientSecret: `d-${secret(16)}`,
    refreshToken: `1//${secret(48)}`,
  };
  const pool = poolOf(workload.projectNumber);
  const provider = `//iam.googleapis.com/${pool}/providers/ci`;
  const issuer = createIssuer({ clock, issuer: EXTERNAL_ISSUER });

  async function newKey({ email }: ServiceAccount): Promise<{ id: string; pem: string }> {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
    const id = randomBytes(20).toString("hex");
    keys.push({ email, publicKey: { ...(await exportJWK(publicKey)), kid: id, alg: "RS256" } });
    return { id, pem: await exportPKCS8(privateKey) };
  }

  async function files(googleUrl: string, directory: string): Promise<Record<string, string>> {
    const authorizedUser = {
      type: "authorized_user",
      client_id: user.clientId,
      client_secret: user.clientSecret,
      refresh_token: user.refreshToken,
      token_uri: `${googleUrl}/token`,
    };
    const made: Record<string, object> = { "authorized-user.json": authorizedUser };
    for (const account of serviceAccounts) {
      const { id, pem } = await newKey(account);
      const url = `${googleUrl}/v1/projects/-/serviceAccounts/${account.email}:generateAccessToken`;
      made[`${account.email}.json`] = {
        type: "service_account",
        project_id: workload.projectId,
        private_key_id: id,
        private_key: pem,
        client_email: account.email,
        client_id: account.uniqueId,
        token_uri: `${googleUrl}/token`,
      };
      made[`${account.email}.impersonated.json`] = {
        type: "impersonated_service_account",
        service_account_impersonation_url: url,
        delegates: [],
        source_credentials: authorizedUser,
      };
      made[`${account.email}.external.json`] = {
        type: "external_account",
        audience: provider,
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `${googleUrl}/v1/token`,
        service_account_impersonation_url: url,
        credential_source: { file: `${directory}/external-token` },
      };
    }
    const claims = { aud: `https:${provider}`, sub: EXTERNAL_SUBJECT };
    const texts = Object.entries(made).map(
      ([name, content]) => [name, `${JSON.stringify(content, null, 2)}\n`] as const,
    );
    return Object.fromEntries([...texts, ["external-token", await issuer.mint(claims)] as const]);
  }

  return {
    keysOf: (email) => ({ keys: keys.filter((key) => key.email === email).map(({ publicKey }) => publicKey) }),
    user,
    external: { issuer, issuerUrl: EXTERNAL_ISSUER, pool, provider },
    files,
  };
}

function poolOf(projectNumber: number): string {
  return `projects/${projectNumber}/locations/global/workloadIdentityPools/emulator`;
}
