/** Whether something thrown says that its work was called off; by name, as every library and realm has a class of its own. */
export function isAbort(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'AbortError';
}
