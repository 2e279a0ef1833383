/**
 * Where a Google-signed ID token comes from. Each call yields a new token, or throws a Gcp2awsError of the class
 * `identity`. It finishes before `deadline` (milliseconds since the epoch).
 */
export type IdentityTokenSource = (deadline: number) => Promise<string>;
