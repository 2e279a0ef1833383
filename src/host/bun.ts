/** The part of Bun's own interface that is used here: it is there without loading a module. */
interface BunInterface {
  CryptoHasher: new (algorithm: "sha256") => { update: (text: string) => { digest: (form: "hex") => string } };
  listen: (options: { unix: string; socket: SocketHandlers }) => { stop: (closeConnections: boolean) => void };
  connect: (options: { unix: string; socket: SocketHandlers }) => Promise<{ end: () => void }>;
}

interface SocketHandlers {
  data: () => void;
  close?: () => void;
  error?: () => void;
  connectError?: () => void;
}

declare const Bun: BunInterface | undefined;

export const bun = typeof Bun === "undefined" ? undefined : Bun;
