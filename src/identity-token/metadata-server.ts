import { Gcp2awsError, printable } from "../errors.ts";
import { ConnectionError, type Host, type HttpResponse } from "../host.ts";
import { gkeRefusal } from "./gke-refusal.ts";
import { retry, retryAfterMs } from "../retry.ts";
import { version } from "../version.ts";
import type { MetadataSource } from "../source-config.ts";
import type { IdentityTokenSource } from "./source.ts";

export interface MetadataServerOptions extends MetadataSource {
  audience: string;
  /** See {@link askMetadata}. */
  waitMs: number | undefined;
}

/** A pod's metadata server refuses connections for its first 5 to 10 seconds (Workload Identity for GKE, Limitations). */
const READY_WINDOW_MS = 12_000;
const ATTEMPT_MS = 5_000;

/**
 * Google-signed ID tokens from the metadata server of GCE, GKE, Cloud Run and Cloud Functions
 * (https://cloud.google.com/compute/docs/instances/verifying-instance-identity).
 * @throws Gcp2awsError as {@link askMetadata}
 */
export function metadataServer(options: MetadataServerOptions, host: Host): IdentityTokenSource {
  const query = [`audience=${encodeURIComponent(options.audience)}`, `format=${options.tokenFormat}`];
  if (options.licenses) query.push("licenses=TRUE");
  const path = `instance/service-accounts/${options.serviceAccount}/identity?${query.join("&")}`;
  return (deadline) => askMetadata({ ...options, path, what: "identity token" }, host, deadline);
}

export interface MetadataQuestion {
  metadataUrl: string;
  serviceAccount: string;
  /** Below `/computeMetadata/v1/`. */
  path: string;
  /** What is asked for, as errors say it. */
  what: string;
  /**
   * For how long a server that is not ready is asked again, in milliseconds: a young pod's answers 404 and 500 too, which are
   * otherwise final. Undefined for 12 seconds without 404.
   */
  waitMs: number | undefined;
}

/**
 * One value of the metadata server, trimmed. Connection failures, 429 and 5xx are tried again, within the deadline.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError IDENTITY_UNREACHABLE, IDENTITY_TIMEOUT, IDENTITY_NOT_GOOGLE, IDENTITY_REFUSED, IDENTITY_NOT_FOUND,
 *   IDENTITY_UNAVAILABLE
 */
export function askMetadata(question: MetadataQuestion, host: Host, deadline: number): Promise<string> {
  const url = `${question.metadataUrl}/computeMetadata/v1/${question.path}`;
  const headers = { "Metadata-Flavor": "Google", "User-Agent": `gcp2aws/${version}` };
  const until = Math.min(deadline, host.ticks() + (question.waitMs ?? READY_WINDOW_MS));
  return retry(
    host,
    { attempts: 1_000, baseMs: 200, capMs: 2_000, until },
    async () => {
      const timeoutMs = Math.min(ATTEMPT_MS, deadline - host.ticks());
      let response: HttpResponse;
      try {
        response = await host.request({ method: "GET", url, headers, timeoutMs });
      } catch (error) {
        if (error instanceof ConnectionError) throw connectionFailure(error, question);
        throw error;
      }
      return readValue(response, question, host.now());
    },
    (error) => {
      if (host.stderrIsTerminal()) host.writeStderr(`gcp2aws: ${error.message}; trying again\n`);
    },
  );
}

function connectionFailure(error: ConnectionError, question: MetadataQuestion): Gcp2awsError {
  const what = `no ${question.what} from the metadata server at ${question.metadataUrl}: ${error.message}`;
  switch (error.kind) {
    case "too-large":
      return new Gcp2awsError("IDENTITY_NOT_GOOGLE", what, { hint: NOT_GOOGLE_HINT });
    case "timeout":
      return new Gcp2awsError("IDENTITY_TIMEOUT", what, { retryable: true, hint: OFF_GOOGLE_HINT });
    case "tls":
      return new Gcp2awsError("IDENTITY_UNREACHABLE", what, { hint: NOT_GOOGLE_HINT });
    default:
      return new Gcp2awsError("IDENTITY_UNREACHABLE", what, { retryable: true, hint: OFF_GOOGLE_HINT });
  }
}

/** The content type of a token varies, so it is not looked at. */
function readValue(response: HttpResponse, question: MetadataQuestion, now: number): string {
  const at = `metadata server at ${question.metadataUrl}`;
  if (response.headers["metadata-flavor"] !== "Google") {
    throw new Gcp2awsError(
      "IDENTITY_NOT_GOOGLE",
      `the answer of the ${at} was not used: status ${response.status} without the header Metadata-Flavor: Google`,
      { hint: NOT_GOOGLE_HINT, retryable: response.status === 429 || response.status >= 500 },
    );
  }
  if (response.status === 200) return response.body.trim();

  const why = `status ${response.status} ${printable(response.body)}`.trim();
  const what = `no ${question.what} from the ${at}: ${why}`;
  const refusal = gkeRefusal(
    response.body,
    question.serviceAccount === "default" ? undefined : question.serviceAccount,
  );
  const details = refusal?.commands ?? [];
  switch (response.status) {
    case 403:
      throw new Gcp2awsError("IDENTITY_REFUSED", what, {
        details,
        hint:
          refusal?.hint ??
          "a proxy between the two (X-Forwarded-For) or a concealed metadata server causes this; call it directly from the workload",
      });
    case 404:
      throw new Gcp2awsError("IDENTITY_NOT_FOUND", what, {
        retryable: question.waitMs !== undefined,
        details,
        hint:
          refusal?.hint ??
          `this workload has no service account "${question.serviceAccount}"; attach one to the VM, pod or service, or give its email as --service-account`,
      });
    default: {
      throw new Gcp2awsError("IDENTITY_UNAVAILABLE", what, {
        retryable: response.status === 429 || response.status >= 500,
        retryAfterMs: retryAfterMs(response.headers["retry-after"], now),
        hint:
          response.status >= 300 && response.status < 400
            ? "redirects are not followed; check GCE_METADATA_HOST and GCE_METADATA_IP"
            : "the request is right by the documentation of the metadata server; try again, then check its status on this machine with curl",
      });
    }
  }
}

const OFF_GOOGLE_HINT =
  "gcp2aws needs a workload on Google Cloud (GCE, GKE, Cloud Run); to try it elsewhere run `gcp2aws emulate` and set the variables it prints";
const NOT_GOOGLE_HINT =
  "this is no Google Cloud workload, or something other than its metadata server answers there; check GCE_METADATA_HOST, GCE_METADATA_IP and proxies on the way";
