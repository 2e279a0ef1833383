import type { Host } from "../host.ts";
import { type Claims, decodeClaims } from "./claims.ts";
import type { IdentityTokenSource } from "./source.ts";

/** A token that ends sooner could end on its way to STS. */
const LITTLE_LIFE_MS = 60_000;

/** Whether a token is at its end: a metadata server may hand out one that it has kept for long. */
export function endsSoon({ exp }: Claims, now: number): boolean {
  return exp !== undefined && exp * 1000 - now <= LITTLE_LIFE_MS;
}

/**
 * A token for somebody else to use, minted anew once where it is at its end.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError of the class `identity`
 */
export async function mintToken(
  mint: IdentityTokenSource,
  host: Pick<Host, "now">,
  deadline: number,
): Promise<{ token: string; claims: Claims }> {
  const token = await mint(deadline);
  const claims = decodeClaims(token);
  if (!endsSoon(claims, host.now())) return { token, claims };
  const second = await mint(deadline);
  return { token: second, claims: decodeClaims(second) };
}
