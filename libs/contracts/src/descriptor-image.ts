import { readFileSync } from 'node:fs';

/**
 * Reads an encoded google.protobuf.FileDescriptorSet of every proto file with its comments, as reflection serves it; throws if the
 * package was installed without it.
 */
export function readDescriptorImage(): Uint8Array {
  // The same place seen from src and from dist.
  return readFileSync(new URL('../src/generated/image.binpb', import.meta.url));
}
