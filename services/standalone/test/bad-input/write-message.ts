import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * What a test says of a message: fields by their names in the proto files. Anything that can be put on the wire may stand there, legal or
 * not: bytes in place of a text, numbers no enum knows, a map as a list of pairs (with keys twice, if need be), several fields of one
 * oneof. Bytes in place of a message are its encoding.
 */
export type Loose = { readonly [field: string]: unknown } | Uint8Array;

/** Puts a message on the wire as it is said, without asking whether it is legal; throws Error for a field that there is not. */
export function writeMessage(type: DescMessage, message: Loose): Uint8Array {
  if (message instanceof Uint8Array) return message;
  const writer = new BinaryWriter();
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields.find((each) => each.name === name);
    if (!field) throw new Error(`${type.typeName} has no field "${name}"`);
    if (value === undefined) continue;
    if (field.fieldKind === 'list') for (const item of value as readonly unknown[]) writeField(writer, field, item);
    else if (field.fieldKind === 'map')
      for (const entry of value as readonly unknown[]) writeEntry(writer, field, entry);
    else writeField(writer, field, value);
  }
  return writer.finish();
}

function writeField(writer: BinaryWriter, field: DescField, value: unknown): void {
  const { number, message, scalar } = field;
  if (message) writer.tag(number, WireType.LengthDelimited).bytes(writeMessage(message, value as Loose));
  else writeScalar(writer, number, scalar ?? ScalarType.INT32, value);
}

function writeEntry(writer: BinaryWriter, { number }: DescField, entry: unknown): void {
  const pair = new BinaryWriter();
  const [key, value] = entry as readonly [unknown, unknown];
  writeScalar(pair, 1, ScalarType.STRING, key);
  writeScalar(pair, 2, ScalarType.STRING, value);
  writer.tag(number, WireType.LengthDelimited).bytes(pair.finish());
}

/** The kinds of scalar that Orrery's messages have; enums go as INT32. */
function writeScalar(writer: BinaryWriter, number: number, scalar: ScalarType, value: unknown): void {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      writer.tag(number, WireType.LengthDelimited).bytes(bytesOf(value));
      return;
    case ScalarType.DOUBLE:
      writer.tag(number, WireType.Bit64).double(Number(value));
      return;
    case ScalarType.BOOL:
      writer.tag(number, WireType.Varint).bool(Boolean(value));
      return;
    case ScalarType.SINT32:
      writer.tag(number, WireType.Varint).sint32(Number(value));
      return;
    case ScalarType.UINT32:
      writer.tag(number, WireType.Varint).uint32(Number(value));
      return;
    case ScalarType.UINT64:
      writer.tag(number, WireType.Varint).uint64(value as bigint);
      return;
    case ScalarType.INT32:
    case ScalarType.INT64:
      writer.tag(number, WireType.Varint).int64(value as number | bigint);
      return;
    default:
      throw new Error(`a kind of scalar that no test knows: ${ScalarType[scalar]}`);
  }
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value));
}
