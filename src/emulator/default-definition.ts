const teamA = { email: "team-a@example-project.iam.gserviceaccount.com", uniqueId: "100111222333444555666" };
const teamB = { email: "team-b@example-project.iam.gserviceaccount.com", uniqueId: "100222333444555666777" };

/** Trusts team A's tokens for one audience. `:aud` is the token's azp, `:oaud` its aud. */
const trustTeamA = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Federated: "accounts.google.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          "accounts.google.com:aud": teamA.uniqueId,
          "accounts.google.com:oaud": "https://aws.example.com",
          "accounts.google.com:sub": teamA.uniqueId,
        },
      },
    },
  ],
};

function allow(...actions: string[]) {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] };
}

/**
 * The definition file that applies when there is none, and key by key where one leaves something out: the walk of the
 * AWS blog post "Access AWS using a Google Cloud Platform native workload identity", plus a service account that the
 * role does not trust but that may impersonate the one it does, a role without S3 and a user with Amazon's documented example key.
 */
export const defaultDocument = {
  account_id: "111122223333",
  workload: {
    platform: "gce" as const,
    project_id: "example-project",
    project_number: 123456789012,
    zone: "us-central1-a",
    instance_id: "5055893581146000589",
    instance_name: "instance-1",
    kubernetes: { namespace: "default", service_account: "default", cluster: "cluster-1" },
  },
  service_accounts: [
    {
      email: teamA.email,
      unique_id: teamA.uniqueId,
      aliases: ["default"],
      token_creators: [
        `serviceAccount:${teamB.email}`,
        "user:developer@example.com",
        "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/emulator/subject/team-a",
      ],
    },
    { email: teamB.email, unique_id: teamB.uniqueId, aliases: [] },
  ],
  roles: [
    {
      name: "RoleForAccessFromGCPTeamA",
      trust_policy: trustTeamA,
      permissions: [allow("s3:ListAllMyBuckets", "s3:Get*", "s3:List*")],
    },
    { name: "RoleWithoutS3Access", trust_policy: trustTeamA, permissions: [allow("ec2:DescribeRegions")] },
  ],
  users: [
    {
      name: "admin",
      access_key_id: "AKIAIOSFODNN7EXAMPLE",
      secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      permissions: [allow("*")],
    },
  ],
  buckets: ["DOC-EXAMPLE-BUCKET1", "DOC-EXAMPLE-BUCKET2"],
};
