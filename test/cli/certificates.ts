// Keys and certificates of an authority of our own, made by openssl.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Authority {
  /** The file of its own certificate. */
  ca: string;
  /** A key and a certificate for a name; from this authority unless it signs itself. */
  certify: (subject: string, dates?: readonly string[], selfSigned?: boolean) => { key: string; cert: string };
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "gcp2aws-tls-"));
  const openssl = (command: string, extra: readonly string[] = []) => {
    const { status, stderr } = spawnSync("openssl", [...command.split(" "), ...extra], {
      cwd: folder,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
  };
  openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2", ["-subj", "/CN=Test CA"]);
  let count = 0;
  return {
    ca: join(folder, "ca.pem"),
    certify: (subject, dates = ["-days", "2"], selfSigned = false) => {
      const name = `certificate-${(count += 1)}`;
      openssl(`req -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr`, [
        "-subj",
        `/CN=${subject}`,
        "-addext",
        `subjectAltName=DNS:${subject}`,
      ]);
      const issuer = selfSigned ? `-signkey ${name}.key` : "-CA ca.pem -CAkey ca.key -CAcreateserial";
      openssl(`x509 -req -in ${name}.csr ${issuer} -out ${name}.pem -copy_extensions copyall`, dates);
      const read = (suffix: string) => readFileSync(join(folder, `${name}.${suffix}`), "utf8");
      return { key: read("key"), cert: read("pem") };
    },
  };
}
