import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionError } from "../src/host.ts";
import { throughNetwork } from "../src/network.ts";
import type { Network } from "../src/network-config.ts";
import { fakeHost } from "./fake-host.ts";

/** Of an authority that signs nothing. */
const PEM = `-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUS/vVYjGjG2DL1KrzDMv70LljjYUwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjYwMjAxMjNaGA8yMTI2MTEw
MjAyMDEyM1owFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABD/I/qoPi/hb3hZA0YSoOqfXe6Cx4+7Tm/u9ekHP/1DOYj8gPu2b
SA+vqLVeyVcmvRz8RHKnQuOWTb0vZ6Ej3IajUzBRMB0GA1UdDgQWBBR9e9ugRxB5
3UDSC+Lv17hNgfalPjAfBgNVHSMEGDAWgBR9e9ugRxB53UDSC+Lv17hNgfalPjAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDgI3x1zeZ8Alvb/Jnj
/q4VJNTTOUT1AzmIC/rEZYDFYQIgMPI0D/Y7Zd+8/zpBZe+JiLYuhxkLW9zrvv34
xZN9Iaw=
-----END CERTIFICATE-----
`;
const nothing = { extra: "", aws: "", google: "" };

function network(changes: {
  proxy?: string;
  noProxy?: string;
  authorities?: Partial<Network["authorities"]>;
}): Network {
  return {
    authorities: { ...nothing, ...changes.authorities },
    proxies: { httpsProxy: changes.proxy ?? "", noProxy: changes.noProxy ?? "" },
  };
}

async function sent(url: string, settings: Network, to: "aws" | "google" = "aws") {
  const host = fakeHost(() => ({}), { readText: (path) => `${path}\n${PEM}` });
  await throughNetwork(host, settings, to).request({ method: "GET", url, headers: {}, timeoutMs: 1 });
  return host.requests[0];
}

describe("the proxy", () => {
  it.each<[string, string, string | undefined]>([
    ["http://proxy.example.com:3128", "http://proxy.example.com:3128", undefined],
    ["http://proxy.example.com", "http://proxy.example.com:80", undefined],
    ["https://proxy.example.com/", "https://proxy.example.com:443", undefined],
    ["proxy.example.com:3128", "http://proxy.example.com:3128", undefined],
    ["http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128", undefined],
    ["http://us%20er:p%40ss@proxy:1", "http://proxy:1", `Basic ${btoa("us er:p@ss")}`],
    ["http://user@proxy:1", "http://proxy:1", `Basic ${btoa("user:")}`],
  ])("%s", async (proxy, origin, authorization) => {
    const request = await sent("https://sts.eu-central-1.amazonaws.com/", network({ proxy }));
    expect(request?.proxy).toEqual({ origin, authorization });
  });

  it.each([
    "socks5://proxy",
    "http://",
    "ftp://proxy",
    "http://proxy/x",
    "http://proxy?x",
    "http://a:%zz@proxy",
    "http://a:%0d%0a@proxy",
    "::",
  ])("refuses %s", (proxy) => {
    const host = fakeHost(() => ({}));
    const error: unknown = (() => {
      try {
        return throughNetwork(host, network({ proxy }), "aws");
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: "USAGE_INVALID_VALUE" });
    expect(String(error)).not.toContain(proxy);
  });

  it("is for https alone", async () => {
    expect(await sent("http://169.254.169.254/", network({ proxy: "http://p" }))).not.toHaveProperty("proxy");
  });

  it("is named where a connection through it fails", async () => {
    const host = fakeHost(() => new ConnectionError("refused", "connection refused"));
    const through = throughNetwork(host, network({ proxy: "http://u:secret@p:1" }), "aws");
    await expect(through.request({ method: "GET", url: "https://a.test/", headers: {}, timeoutMs: 1 })).rejects.toThrow(
      "connection refused, through the proxy http://p:1",
    );
  });
});

describe("NO_PROXY", () => {
  const cases: [noProxy: string, url: string, exempt: boolean][] = [
    ["", "https://sts.amazonaws.com", false],
    ["*", "https://sts.amazonaws.com", true],
    ["amazonaws.com", "https://sts.amazonaws.com", true],
    [".amazonaws.com", "https://sts.amazonaws.com", true],
    ["*.amazonaws.com", "https://sts.amazonaws.com", true],
    ["AMAZONAWS.com.", "https://sts.amazonaws.com", true],
    ["amazonaws.com", "https://sts.AmazonAWS.com.", true],
    ["azonaws.com", "https://sts.amazonaws.com", false],
    ["sts.amazonaws.com.evil.test", "https://sts.amazonaws.com", false],
    ["example.com,amazonaws.com", "https://sts.amazonaws.com", true],
    ["example.com amazonaws.com", "https://sts.amazonaws.com", true],
    ["amazonaws.com:443", "https://sts.amazonaws.com", true],
    ["amazonaws.com:8443", "https://sts.amazonaws.com", false],
    ["amazonaws.com:8443", "https://sts.amazonaws.com:8443", true],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.0.0.0/8", "https://sts.amazonaws.com", false],
    ["10.1.2.3", "https://10.1.2.3", true],
    ["10.1.2.3:443", "https://10.1.2.3:8443", false],
    ["2001:db8::/32", "https://[2001:db8::5]", true],
    ["2001:db8::/32", "https://[2001:db9::5]", false],
    ["2001:db8::5", "https://[2001:db8:0:0::5]", true],
    ["[2001:db8::5]:8443", "https://[2001:db8::5]:8443", true],
    ["[2001:db8::5]:8443", "https://[2001:db8::5]", false],
    ["10.0.0.0/99", "https://10.1.2.3", false],
    [".", "https://sts.amazonaws.com", false],
    [",,", "https://sts.amazonaws.com", false],
    ["", "https://localhost:8443", true],
    ["", "https://127.0.0.1", true],
    ["", "https://127.255.0.1", true],
    ["", "https://[::1]", true],
  ];
  it.each(cases)('"%s" and %s: %s', async (noProxy, url, exempt) => {
    const request = await sent(url, network({ proxy: "http://p", noProxy }));
    expect(request?.proxy === undefined).toBe(exempt);
  });

  it("is never a reason to fail", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (noProxy) => {
        await sent("https://sts.amazonaws.com", network({ proxy: "http://p", noProxy }));
      }),
    );
  });
});

describe("the certificate authorities", () => {
  it("are the runtime's own where no bundle is named", async () => {
    expect(await sent("https://a.test", network({ authorities: { extra: "/extra" } }))).not.toHaveProperty("ca");
  });

  it("differ by whom they are for", async () => {
    const settings = network({ authorities: { aws: "/aws", google: "/google" } });
    expect((await sent("https://a.test", settings, "aws"))?.ca).toBe(`/aws\n${PEM}`);
    expect((await sent("https://a.test", settings, "google"))?.ca).toBe(`/google\n${PEM}`);
  });

  it("come with the extra ones", async () => {
    const settings = network({ authorities: { aws: "/aws", extra: "/extra" } });
    expect((await sent("https://a.test", settings))?.ca).toBe(`/aws\n${PEM}\n/extra\n${PEM}`);
  });

  it("are not taken from a file without any", () => {
    const host = fakeHost(() => ({}), { readText: () => "hello" });
    expect(() => throughNetwork(host, network({ authorities: { aws: "/aws" } }), "aws")).toThrow(
      "no certificate in PEM",
    );
  });

  it("are not taken from a file that was cut off", () => {
    const host = fakeHost(() => ({}), { readText: () => `${PEM}${PEM.slice(0, 300)}` });
    const asked = () => throughNetwork(host, network({ authorities: { aws: "/aws" } }), "aws");
    expect(asked).toThrow("a certificate in it is broken");
  });

  it("make no connection ahead that believes others", () => {
    const ahead: string[] = [];
    const host = fakeHost(() => ({}), { readText: () => PEM, preconnect: (url) => ahead.push(url) });
    throughNetwork(host, network({ authorities: { aws: "/aws" } }), "aws").preconnect("https://a.test");
    throughNetwork(host, network({ proxy: "http://p" }), "aws").preconnect("https://a.test");
    throughNetwork(host, network({ proxy: "http://p", noProxy: "a.test" }), "aws").preconnect("https://a.test");
    expect(ahead).toEqual(["https://a.test"]);
  });
});
