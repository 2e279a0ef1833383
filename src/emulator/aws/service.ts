import { randomUUID } from "node:crypto";
import type { CallRecord } from "../cloudtrail.ts";
import type { EmulatorRequest, EmulatorResponse, Handler } from "../http.ts";
import { assumeRoleWithWebIdentity } from "./assume-role-with-web-identity.ts";
import { assumeRole } from "./assume-role.ts";
import { authenticate } from "./authenticate.ts";
import type { Account, Call, Operation } from "./call.ts";
import { AwsError, queryError, s3Error, stsNamespace } from "./error-response.ts";
import { getCallerIdentity } from "./get-caller-identity.ts";
import { getRole } from "./get-role.ts";
import { listBuckets } from "./list-buckets.ts";
import { createSessions } from "./sessions.ts";
import { readAuthorization } from "./sigv4.ts";
import { renderXml, type XmlTree } from "./xml.ts";

type ServiceName = "sts" | "iam" | "s3";

interface Service {
  namespace: string;
  operations: Readonly<Record<string, Operation>>;
  /** Name of the operation that a request asks for. */
  action: (call: Call) => string;
  success: (action: string, result: XmlTree, requestId: string) => EmulatorResponse;
  failure: (error: AwsError, requestId: string) => EmulatorResponse;
}

/** A service of the query protocol: Action and Version in the form or the query, the result in `…Response/…Result`. */
function queryService(version: string, namespace: string, operations: Service["operations"]): Service {
  return {
    namespace,
    operations,
    action: ({ parameters }) => {
      const action = parameters.get("Action");
      if (action === null) throw new AwsError(400, "MissingAction", "Missing Action");
      const asked = parameters.get("Version") ?? "";
      if (asked !== version) throw new AwsError(400, "NoSuchVersion", `The requested version (${asked}) is not valid.`);
      if (!Object.hasOwn(operations, action)) {
        throw new AwsError(400, "InvalidAction", `Could not find operation ${action} for version ${version}`);
      }
      return action;
    },
    success: (action, result, requestId) => {
      const content = renderXml({ [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } });
      return {
        status: 200,
        headers: { "Content-Type": "text/xml", "x-amzn-RequestId": requestId },
        body: `<${action}Response xmlns="${namespace}">${content}</${action}Response>`,
      };
    },
    failure: (error, requestId) => queryError(namespace, error, requestId),
  };
}

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

const s3: Service = {
  namespace: s3Namespace,
  operations: { ListBuckets: listBuckets },
  action: ({ request, caller }) => {
    if (caller === undefined) throw new AwsError(403, "AccessDenied", "Access Denied");
    if (request.method === "GET" && request.path === "/") return "ListBuckets";
    throw new AwsError(501, "NotImplemented", "A header you provided implies functionality that is not implemented");
  },
  success: (_action, result, requestId) => ({
    status: 200,
    headers: { "Content-Type": "application/xml", "x-amz-request-id": requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListAllMyBucketsResult xmlns="${s3Namespace}">${renderXml(result)}</ListAllMyBucketsResult>`,
  }),
  failure: s3Error,
};

const services: Readonly<Record<ServiceName, Service>> = {
  sts: queryService("2011-06-15", stsNamespace, {
    AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
    AssumeRole: assumeRole,
    GetCallerIdentity: getCallerIdentity,
  }),
  iam: queryService("2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/", { GetRole: getRole }),
  s3,
};

export interface AwsOptions extends Omit<Account, "sessions"> {
  /** Called once for each call, before it is answered. */
  trail?: (record: CallRecord) => Promise<void>;
}

/**
 * STS, IAM and S3 of one account in one region behind one address. Which of them a request is for stands in the scope of
 * its signature; an unsigned request with an Action is for STS, as only AssumeRoleWithWebIdentity goes unsigned.
 */
export function createAws({ trail, ...options }: AwsOptions): Handler {
  const account: Account = { ...options, sessions: createSessions(options.clock) };
  return async (request) => {
    const requestId = randomUUID();
    const call: Call = {
      request,
      parameters: readParameters(request),
      caller: undefined,
      requestParameters: null,
      responseElements: null,
      roleArn: undefined,
      issued: undefined,
    };
    const name = serviceName(call);
    const { response, action, error } = await answer(account, call, services[name], requestId);
    const { headers } = request;
    await trail?.({
      service: name,
      action,
      region: name === "iam" ? "us-east-1" : account.region,
      requestId,
      sourceIpAddress: request.remoteAddress,
      userAgent: headers["user-agent"] ?? "",
      host: headers["host"] ?? "",
      caller: call.caller,
      requestParameters: call.requestParameters,
      responseElements: call.responseElements,
      roleArn: call.roleArn,
      issued: call.issued,
      error,
    });
    return { ...response, headers: { ...response.headers, Date: new Date(account.clock()).toUTCString() } };
  };
}

async function answer(
  account: Account,
  call: Call,
  service: Service,
  requestId: string,
): Promise<{ response: EmulatorResponse; action: string; error: AwsError | undefined }> {
  let action = "";
  try {
    const authorization = readAuthorization(call.request);
    if (authorization) call.caller = authenticate(account, call.request, authorization);
    action = service.action(call);
    const result = await service.operations[action]?.(account, call);
    return { response: service.success(action, result ?? {}, requestId), action, error: undefined };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { response: service.failure(error, requestId), action, error };
  }
}

function serviceName({ request, parameters }: Call): ServiceName {
  const scope = /Credential=[^,\s]*?\/\d{8}\/[^/]*\/([^/]*)\//.exec(request.headers["authorization"] ?? "")?.[1];
  if (scope === "s3" || scope === "iam") return scope;
  return scope === undefined && !parameters.has("Action") && request.method === "GET" ? "s3" : "sts";
}

function readParameters({ method, query, headers, body }: EmulatorRequest): URLSearchParams {
  const form = headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  return new URLSearchParams(method === "POST" && form ? new TextDecoder().decode(body) : query);
}
