import { type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Whether these bytes are such a message at all. Those that are not gRPC refuses, before Orrery sees them. */
export function isMessage(type: DescMessage, bytes: Uint8Array): boolean {
  try {
    fromBinary(type, bytes);
    return isWhole(type, bytes);
  } catch {
    return false;
  }
}

/** Whether nothing is cut off, fields that are not known included, which the runtime passes over without looking. */
function isWhole(type: DescMessage | undefined, bytes: Uint8Array): boolean {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      const field = type?.fields.find((each) => each.number === number);
      const inner = reader.bytes();
      if (field?.message && !isWhole(field.message, inner)) return false;
      if (field?.fieldKind === 'map' && !isWhole(undefined, inner)) return false;
    } else {
      reader.skip(wireType, number);
      if (reader.pos > reader.len) return false;
    }
  }
  return true;
}
