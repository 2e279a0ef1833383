// What people use instead: the scripts that gcp2aws is measured beside.
import { AUDIENCE, type Clouds, ROLE } from "./clouds.ts";
import { firstThat } from "./measure.ts";

export function awsCli(): string {
  return firstThat(["/usr/bin/aws", "aws"], ["--version"], /^aws-cli\/2/, "AWS CLI v2", "awscli");
}

export function otherWays({ metadataUrl, awsUrl, write }: Clouds): Record<"pipeline" | "boto3" | "curls", string[]> {
  const python = firstThat(
    ["/usr/bin/python3", "python3"],
    ["-c", "import boto3; print('boto3')"],
    /boto3/,
    "boto3",
    "python3-boto3",
  );
  const identity = `${metadataUrl}/computeMetadata/v1/instance/service-accounts/default/identity`;
  const pipeline = write(
    "pipeline.sh",
    `set -eu
token=$(curl -sS -G -H 'Metadata-Flavor: Google' --data-urlencode audience=${AUDIENCE} -d format=full ${identity})
name=$(printf %s "$token" | jq -Rr 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .sub')
${awsCli()} --endpoint-url ${awsUrl} sts assume-role-with-web-identity --role-arn ${ROLE} --role-session-name "$name" --web-identity-token "$token" --output json | jq -c '.Credentials + {Version: 1}'
`,
  );
  const script = write(
    "credentials.py",
    `import base64, json, urllib.parse, urllib.request, boto3
request = urllib.request.Request("${identity}?format=full&audience=" + urllib.parse.quote("${AUDIENCE}", safe=""), headers={"Metadata-Flavor": "Google"})
token = urllib.request.urlopen(request).read().decode()
part = token.split(".")[1]
name = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"]
answer = boto3.client("sts", region_name="us-east-1", endpoint_url="${awsUrl}").assume_role_with_web_identity(RoleArn="${ROLE}", RoleSessionName=name, WebIdentityToken=token)
print(json.dumps(dict(answer["Credentials"], Version=1), default=str))
`,
  );
  const curls = write(
    "curls.sh",
    `set -eu
token=$(curl -sS -H 'Metadata-Flavor: Google' '${identity}?audience=https%3A%2F%2Faws.example.com&format=full')
curl -sS -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 -d RoleArn=${ROLE} -d RoleSessionName=bench -d WebIdentityToken=$token ${awsUrl}/
`,
  );
  return { pipeline: ["sh", pipeline], boto3: [python, script], curls: ["sh", curls] };
}
