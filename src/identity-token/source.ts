/**
 * Where a Google-signed ID token comes from. Each call yields a new token, or throws a Gcp2awsError of the class
 * `identity`. It finishes before `deadline` (milliseconds by `host.ticks`).
 */
export type IdentityTokenSource = (deadline: number) => Promise<string>;
