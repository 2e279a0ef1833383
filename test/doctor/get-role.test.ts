import { expect, it } from "vitest";
import { getRole } from "../../src/doctor/get-role.ts";
import { fakeHost, START } from "../fake-host.ts";

const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x", sessionToken: undefined };

it.each([
  ["aws", "https://iam.amazonaws.com/", "us-east-1"],
  ["aws-us-gov", "https://iam.us-gov.amazonaws.com/", "us-gov-west-1"],
  ["aws-cn", "https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1"],
])("IAM is asked where it is in the partition %s, and signed for its region", async (partition, url, region) => {
  const host = fakeHost(() => ({ status: 403, body: "<x/>" }));
  const role = { partition, accountId: "111122223333", name: "R" };
  const ask = (endpoint?: string) => getRole(role, { keys, endpoint }, host, START + 30_000);
  await ask();
  await ask("http://localhost:4566");
  expect(host.requests.map((request) => request.url)).toEqual([url, "http://localhost:4566/"]);
  for (const { headers } of host.requests) {
    expect(headers["authorization"]).toContain(`Credential=AKIAIOSFODNN7EXAMPLE/20261123/${region}/iam/aws4_request`);
  }
});
