import { randomUUID } from "node:crypto";
import type { EmulatorResponse } from "../http.ts";
import { renderXml } from "./xml.ts";

/** A refusal as AWS words it. Operations throw it; `service.ts` renders it in the XML of the service that was asked. */
export class AwsError extends Error {
  override name = "AwsError";
  readonly status: number;
  readonly code: string;
  /** Further elements of an S3 error, such as `Region`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/** The error body of the query services STS and IAM, which differ in the namespace only. */
export function queryError(namespace: string, error: AwsError, requestId: string): EmulatorResponse {
  const fault = { Type: error.status < 500 ? "Sender" : "Receiver", Code: error.code, Message: error.message };
  return {
    status: error.status,
    headers: { "Content-Type": "text/xml", "x-amzn-RequestId": requestId },
    body: `<ErrorResponse xmlns="${namespace}">${renderXml({ Error: fault, RequestId: requestId })}</ErrorResponse>`,
  };
}

/** An STS error by itself, as the fault injector needs it. */
export function stsError(status: number, code: string, message: string): EmulatorResponse {
  return queryError(stsNamespace, new AwsError(status, code, message), randomUUID());
}

/** The error body of S3, which has no namespace and no ErrorResponse around it. */
export function s3Error(error: AwsError, requestId: string): EmulatorResponse {
  const content = { Code: error.code, Message: error.message, ...error.details, RequestId: requestId };
  return {
    status: error.status,
    headers: { "Content-Type": "application/xml", "x-amz-request-id": requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${renderXml({ Error: content })}`,
  };
}
