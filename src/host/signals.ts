/** Calls `action` whenever the process gets the signal, until the returned function is called. */
export function onSignal(signal: NodeJS.Signals, action: () => void): () => void {
  process.on(signal, action);
  return () => process.off(signal, action);
}

export function ownPid(): number {
  return process.pid;
}
