import { createFileRegistry, type DescMethod, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readDescriptorImage } from '@orrery/contracts';

/** Every message, enum and service there is, with comments. */
export const REGISTRY: FileRegistry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readDescriptorImage()));

/** Every RPC of Orrery's own services by its name, e.g. "task.v1.TaskService/CreateTask". */
export const RPCS: ReadonlyMap<string, DescMethod> = new Map(
  [...REGISTRY]
    .filter((type) => type.kind === 'service')
    .filter(({ typeName }) => typeName.startsWith('orrery.'))
    .flatMap((service) => service.methods)
    .map((method) => [nameOf(method), method]),
);

/** The status that each reason is documented to come with, e.g. INVALID_FIELD → "INVALID_ARGUMENT". */
export const STATUS_BY_REASON: ReadonlyMap<string, string> = readReasons();

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName.slice('orrery.'.length)}/${name}`;
}

function readReasons(): ReadonlyMap<string, string> {
  const reasons = REGISTRY.getEnum('orrery.error.v1.ErrorReason');
  if (!reasons) throw new Error('the image holds no reasons');
  const places = reasons.file.proto.sourceCodeInfo?.location ?? [];
  // The path of a value in its file: the first enum (field 5), its so-many-eth value (field 2).
  const commentOf = (index: number): string =>
    places.find(({ path }) => path.join('.') === `5.0.2.${index}`)?.leadingComments ?? '';
  const entries = reasons.values.map(
    ({ name }, i) => [name.slice('ERROR_REASON_'.length), statusOf(commentOf(i))] as const,
  );
  return new Map(entries.slice(1));
}

/** The comment of a reason begins with its status. */
function statusOf(comment: string): string {
  return /^\s*([A-Z_]+)\./.exec(comment)?.[1] ?? 'none is documented';
}
