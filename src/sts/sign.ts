import { AwsV4Signer } from "aws4fetch";
import type { Credentials } from "../credentials.ts";
import type { HttpRequest } from "../host.ts";

/**
 * The request with a signature of these credentials (SigV4).
 * @param region of the endpoint
 * @param now milliseconds since the epoch, by AWS's clock as far as that is known; AWS takes a signature for 15 minutes
 */
export async function signRequest(
  request: Omit<HttpRequest, "timeoutMs">,
  region: string,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  now: number,
): Promise<Omit<HttpRequest, "timeoutMs">> {
  const { method, url, headers, body = "" } = request;
  const signed = await new AwsV4Signer({
    method,
    url,
    headers: { ...headers },
    body,
    accessKeyId,
    secretAccessKey,
    sessionToken,
    service: "sts",
    // https://docs.aws.amazon.com/general/latest/gr/sts.html: the global endpoint is one of that region.
    region: new URL(url).hostname === "sts.amazonaws.com" ? "us-east-1" : region,
    datetime: new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
  }).sign();
  return { method, url, headers: Object.fromEntries(signed.headers), body };
}
