import { Gcp2awsError } from "../errors.ts";
import { ConnectionError, type Host, type HttpRequest, type HttpResponse } from "../host.ts";
import { retry } from "../retry.ts";

const ATTEMPT_MS = 10_000;

/**
 * One call of STS. Connection failures and whatever `read` calls retryable (throttling, 5xx) are tried again, up to 5
 * attempts within the deadline.
 * @param deadline milliseconds by `host.ticks`
 * @param read makes the answer of a response, or throws; `now` in milliseconds since the epoch
 * @throws Gcp2awsError STS_UNREACHABLE, STS_TIMEOUT, STS_TLS, STS_BAD_RESPONSE, and what `read` throws
 */
export function callSts<T>(
  request: Omit<HttpRequest, "timeoutMs">,
  endpoint: string,
  host: Host,
  deadline: number,
  read: (response: HttpResponse, now: number) => T,
): Promise<T> {
  return retry(
    host,
    { attempts: 5, baseMs: 100, capMs: 5_000, until: deadline },
    async () => {
      let response: HttpResponse;
      try {
        response = await host.request({ ...request, timeoutMs: Math.min(ATTEMPT_MS, deadline - host.ticks()) });
      } catch (error) {
        if (error instanceof ConnectionError) throw connectionFailure(error, endpoint);
        throw error;
      }
      return read(response, host.now());
    },
    (error) => {
      if (host.stderrIsTerminal()) host.writeStderr(`gcp2aws: ${error.message}; trying again\n`);
    },
  );
}

function connectionFailure(error: ConnectionError, endpoint: string): Gcp2awsError {
  const what = `no answer from AWS STS at ${endpoint}: ${error.message}`;
  switch (error.kind) {
    case "timeout":
      return new Gcp2awsError("STS_TIMEOUT", what, {
        retryable: true,
        hint: "check that this machine may reach that endpoint (curl -sv), or raise --timeout",
      });
    case "tls":
      return new Gcp2awsError("STS_TLS", what, {
        hint: "the endpoint's certificate was not accepted; where a company proxy opens TLS, name its CA in NODE_EXTRA_CA_CERTS or --ca-bundle",
      });
    case "too-large":
      return new Gcp2awsError("STS_BAD_RESPONSE", what, {
        hint: "something other than AWS STS may be answering at that endpoint; check --sts-endpoint and AWS_ENDPOINT_URL_STS",
      });
    case "proxy":
      return new Gcp2awsError("STS_UNREACHABLE", what, {
        hint: "407 asks for a user name and password in HTTPS_PROXY; otherwise have the proxy allow that host, or name it in NO_PROXY",
      });
    default:
      return new Gcp2awsError("STS_UNREACHABLE", what, {
        retryable: true,
        hint: "check --region, --sts-endpoint, HTTPS_PROXY and that this machine may reach that endpoint (curl -sv)",
      });
  }
}
