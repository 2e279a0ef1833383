import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { assumedRoleId, type Caller, callerArn, callerUserId, roleArn, roleId, sessionArn } from "./aws/caller.ts";
import { randomId, type Session } from "./aws/sessions.ts";
import type { Clock } from "./http.ts";

/** One call as the emulated services hand it over, answered or refused. */
export interface CallRecord {
  service: "sts" | "iam" | "s3";
  /** `ListBuckets`; empty when the request never got so far. */
  action: string;
  region: string;
  /** The same as in the answer. */
  requestId: string;
  sourceIpAddress: string;
  userAgent: string;
  host: string;
  /** `undefined` when no identity could be established. */
  caller: Caller | undefined;
  requestParameters: Readonly<Record<string, unknown>> | null;
  /** Beside the session's own, which are made here from `issued`. */
  responseElements: Readonly<Record<string, unknown>> | null;
  /** The role that the call is about. */
  roleArn: string | undefined;
  /** The session that the call opened. */
  issued: Session | undefined;
  error: { code: string; message: string } | undefined;
}

export interface TrailOptions {
  accountId: string;
  clock: Clock;
  /** Stores one file; the path is relative to the trail's folder and uses `/`. */
  write: (path: string, data: Uint8Array) => Promise<void>;
}

/**
 * A trail that stores every call as a file of its own, under the name and in the form that CloudTrail gives to S3. A call
 * whose caller could not be established leaves no record: so it is with InvalidIdentityToken and with wrong signatures.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function createTrail({ accountId, clock, write }: TrailOptions): (record: CallRecord) => Promise<void> {
  return async (record) => {
    if (record.caller === undefined || record.action === "") return;
    const now = clock();
    const event = toEvent(record, record.caller, accountId, now);
    await write(filePath(accountId, record.region, now), gzipSync(JSON.stringify({ Records: [event] })));
  };
}

function filePath(accountId: string, region: string, now: number): string {
  const [date = "", time = ""] = iso(now).split("T");
  const stamp = `${date.replaceAll("-", "")}T${time.slice(0, 5).replace(":", "")}Z`;
  const folder = `AWSLogs/${accountId}/CloudTrail/${region}/${date.replaceAll("-", "/")}`;
  return `${folder}/${accountId}_CloudTrail_${region}_${stamp}_${randomId()}.json.gz`;
}

function toEvent(record: CallRecord, caller: Caller, accountId: string, now: number): Record<string, unknown> {
  const { service, error } = record;
  return {
    eventVersion: "1.11",
    userIdentity: userIdentity(caller),
    eventTime: iso(now),
    eventSource: `${service}.amazonaws.com`,
    eventName: record.action,
    awsRegion: record.region,
    sourceIPAddress: record.sourceIpAddress,
    userAgent: record.userAgent,
    ...(error && { errorCode: error.code, errorMessage: errorMessage(error, caller) }),
    requestParameters: record.requestParameters,
    responseElements: record.issued ? sessionElements(record, record.issued, accountId) : record.responseElements,
    ...(service === "s3" && { additionalEventData: { SignatureVersion: "SigV4", AuthenticationMethod: "AuthHeader" } }),
    ...(service === "sts" && {
      additionalEventData: { RequestDetails: { awsServingRegion: record.region, endpointType: "regional" } },
    }),
    requestID: record.requestId,
    eventID: randomUUID(),
    readOnly: true,
    ...(record.roleArn !== undefined && {
      resources: [{ accountId, type: "AWS::IAM::Role", ARN: record.roleArn }],
    }),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: "Management",
    tlsDetails: { clientProvidedHostHeader: record.host },
  };
}

/**
 * The access key id is what joins a session to its later calls. The real CloudTrail keeps the session token as well; here
 * it is left out, because an emulator's logs are read by more people than they should be.
 */
function sessionElements(record: CallRecord, issued: Session, accountId: string): Record<string, unknown> {
  const { accessKeyId, expiration } = issued;
  return {
    credentials: { accessKeyId, sessionToken: "HIDDEN_DUE_TO_SECURITY_REASONS", expiration: localeTime(expiration) },
    assumedRoleUser: { assumedRoleId: assumedRoleId(issued), arn: sessionArn(issued, accountId) },
    ...record.responseElements,
  };
}

/** `Apr 16, 2025, 3:46:56 AM`, as CloudTrail has it in this one place; newer ICU data puts a narrow space before AM. */
function localeTime(time: number): string {
  const text = new Date(time).toLocaleString("en-US", { timeZone: "UTC", dateStyle: "medium", timeStyle: "medium" });
  return text.replace("\u202f", " ");
}

/** CloudTrail says less than the answer did when a web identity is refused. */
function errorMessage(error: { code: string; message: string }, caller: Caller): string {
  return caller.type === "web identity" && error.code === "AccessDenied" ? "An unknown error occurred" : error.message;
}

function userIdentity(caller: Caller): Record<string, unknown> {
  if (caller.type === "web identity") {
    return {
      type: "WebIdentityUser",
      principalId: `${caller.provider}:${caller.audience}:${caller.subject}`,
      userName: caller.subject,
      identityProvider: caller.provider,
    };
  }
  const common = { principalId: callerUserId(caller), arn: callerArn(caller), accountId: caller.accountId };
  if (caller.type === "user") {
    const { accessKeyId, name } = caller.user;
    return { type: "IAMUser", ...common, accessKeyId, userName: name };
  }
  const { session, accountId } = caller;
  const { accessKeyId } = session;
  return { type: "AssumedRole", ...common, accessKeyId, sessionContext: sessionContext(session, accountId) };
}

function sessionContext(session: Session, accountId: string): Record<string, unknown> {
  const { role, federatedProvider, sourceIdentity } = session;
  return {
    sessionIssuer: {
      type: "Role",
      principalId: roleId(role),
      arn: roleArn(role, accountId),
      accountId,
      userName: role.name,
    },
    ...(federatedProvider !== undefined && { webIdFederationData: { federatedProvider, attributes: {} } }),
    attributes: { creationDate: iso(session.created), mfaAuthenticated: "false" },
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+/, "");
}
