// Both clouds on loopback, each behind a recorder, and the environment that points the command at them.
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { cleanEnv, type Secrets } from "./run.ts";
import { type Recorder, startRecorder } from "./recorder.ts";

export interface Cloud {
  emulator: Emulator;
  metadata: Recorder;
  /** Google's APIs. */
  google: Recorder;
  aws: Recorder;
  env: Record<string, string>;
  secrets: Secrets;
  close: () => Promise<void>;
}

export async function startCloud(options: Parameters<typeof startEmulator>[0] = {}): Promise<Cloud> {
  const emulator = await startEmulator(options);
  // They take a while to make, which a client's few seconds need not hold.
  await emulator.issuer.keys();
  const metadata = await startRecorder(emulator.metadataUrl);
  const google = await startRecorder(emulator.issuerUrl, metadata);
  const aws = await startRecorder(emulator.awsUrl);
  return {
    emulator,
    metadata,
    google,
    aws,
    // Each run asks for itself; the stories of the cache take this away.
    env: cleanEnv({
      GCE_METADATA_HOST: metadata.url.replace("http://", ""),
      CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: google.url,
      AWS_ENDPOINT_URL_STS: aws.url,
      GCP2AWS_CACHE: "off",
    }),
    secrets: { token: metadata.token, result: aws.result },
    close: async () => {
      await Promise.all([metadata.close(), google.close(), aws.close()]);
      await emulator.close();
    },
  };
}
