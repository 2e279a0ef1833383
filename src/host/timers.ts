/**
 * Calls `action` every `ms` milliseconds until the returned function is called. After the machine slept it is called once,
 * not once for each time missed.
 */
export function every(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms);
  return () => clearInterval(timer);
}

/** What `promise` resolves to, or "late" after `ms` milliseconds; no timer outlives it. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | "late"> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
