/**
 * Where an identity token comes from. Each call yields a token, or throws a Gcp2awsError of the class `identity`. It
 * finishes before `deadline` (milliseconds by `host.ticks`).
 */
export type IdentityTokenSource = (deadline: number) => Promise<string>;
