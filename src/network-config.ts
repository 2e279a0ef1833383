/** Files of certificate authorities, in PEM; empty where none is named. */
export interface Authorities {
  /** Believed beside the others: NODE_EXTRA_CA_CERTS, which the runtime reads by itself too. */
  extra: string;
  /** For AWS, in place of the runtime's own. */
  aws: string;
  /** For Google's APIs, in place of the runtime's own. */
  google: string;
}

/** HTTPS_PROXY and NO_PROXY as they stand in the environment; the former may hold a password. */
export interface ProxySettings {
  httpsProxy: string;
  noProxy: string;
}

export interface Network {
  authorities: Authorities;
  proxies: ProxySettings;
}

/** Whether requests to this https URL need nothing but the runtime's own ways. Cheap: asked before anything is loaded. */
export function isPlainNetwork({ authorities, proxies }: Network): boolean {
  return authorities.aws === "" && authorities.google === "" && proxies.httpsProxy === "";
}
