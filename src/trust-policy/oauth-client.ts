/** OAuth clients that everybody uses, and whose they are: as azp they say nothing of whose token it is. */
export const sharedClients: ReadonlyMap<string, string> = new Map([
  ["32555940559.apps.googleusercontent.com", "gcloud"],
  ["764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com", "gcloud auth application-default"],
  ["407408718192.apps.googleusercontent.com", "the OAuth playground"],
]);

/** The client ID of an OAuth application, which is the azp of a person's token; a service account's is its number or its email. */
export function isClientId(text: string): boolean {
  return /^[\w-]*\.apps\.googleusercontent\.com$/.test(text);
}
