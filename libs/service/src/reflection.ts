import {
  createFileRegistry,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { reflectionv1 } from '@orrery/contracts';
import { Status } from 'nice-grpc-common';
import { bind, type ServiceBinding } from './service-module.ts';

type Reply = NonNullable<reflectionv1.ServerReflectionResponse['messageResponse']>;

/**
 * Server reflection (v1 and v1alpha) from an encoded google.protobuf.FileDescriptorSet: what grpcurl and other tools ask to learn the
 * protocol. Of `services`, those in the image are listed. Streams end when `closing` fires.
 */
export function reflectionBindings(
  image: Uint8Array,
  services: readonly string[],
  closing: AbortSignal,
): readonly ServiceBinding[] {
  const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const fileBySymbol = new Map<string, DescFile>();
  for (const file of files.files) for (const symbol of symbolsOf(file)) fileBySymbol.set(symbol, file);
  const { ServerReflectionDefinition } = reflectionv1;
  const listed = [...services, ServerReflectionDefinition.fullName].filter((name) => fileBySymbol.has(name)).sort();

  const implementation = {
    async *serverReflectionInfo(
      requests: AsyncIterable<reflectionv1.ServerReflectionRequest>,
    ): AsyncIterable<reflectionv1.ServerReflectionResponse> {
      for await (const request of until(closing, requests))
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request.messageRequest) };
    },
  };
  return [
    bind(ServerReflectionDefinition, implementation),
    bind({ ...ServerReflectionDefinition, fullName: 'grpc.reflection.v1alpha.ServerReflection' }, implementation),
  ];

  function answer(request: reflectionv1.ServerReflectionRequest['messageRequest']): Reply {
    switch (request?.$case) {
      case 'fileByFilename':
        return fileReply(files.getFile(request.value), request.value);
      case 'fileContainingSymbol':
        return fileReply(fileBySymbol.get(request.value), request.value);
      case 'allExtensionNumbersOfType':
        if (!files.getMessage(request.value)) return notFound(request.value);
        return extensionsReply(request.value);
      case 'listServices':
        return { $case: 'listServicesResponse', value: { service: listed.map((name) => ({ name })) } };
      case 'fileContainingExtension':
        return notFound(`extension ${request.value.extensionNumber} of ${request.value.containingType}`);
      default:
        return errorReply(Status.INVALID_ARGUMENT, 'the request asks for nothing');
    }
  }
}

function extensionsReply(baseTypeName: string): Reply {
  // Nothing in the protocol is extended.
  return { $case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber: [] } };
}

function fileReply(file: DescFile | undefined, name: string): Reply {
  if (!file) return notFound(name);
  const needed = new Set<DescFile>();
  collect(file, needed);
  const fileDescriptorProto = Array.from(needed, (each) => toBinary(FileDescriptorProtoSchema, each.proto));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

/** The file and everything it imports, itself first. */
function collect(file: DescFile, into: Set<DescFile>): void {
  if (into.has(file)) return;
  into.add(file);
  for (const dependency of file.dependencies) collect(dependency, into);
}

function notFound(what: string): Reply {
  return errorReply(Status.NOT_FOUND, `not found: ${what}`);
}

function errorReply(errorCode: Status, errorMessage: string): Reply {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}

function* symbolsOf(file: DescFile): Iterable<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    yield* membersOf(type);
  }
}

function* membersOf(type: DescMessage | DescEnum | DescExtension | DescService): Iterable<string> {
  if (type.kind === 'message') for (const member of type.members) yield `${type.typeName}.${member.name}`;
  // Types of map entries, which are not listed otherwise.
  if (type.kind === 'message') for (const nested of type.proto.nestedType) yield `${type.typeName}.${nested.name}`;
  if (type.kind === 'service') for (const method of type.methods) yield `${type.typeName}.${method.name}`;
  // Enum values are named beside their enum, not below it.
  const scope = type.typeName.slice(0, type.typeName.lastIndexOf('.') + 1);
  if (type.kind === 'enum') for (const value of type.values) yield scope + value.name;
}

async function* until<T>(closing: AbortSignal, items: AsyncIterable<T>): AsyncIterable<T> {
  const closed = Promise.withResolvers<null>();
  const onClose = (): void => closed.resolve(null);
  closing.addEventListener('abort', onClose, { once: true });
  try {
    const iterator = items[Symbol.asyncIterator]();
    while (!closing.aborted) {
      const next = await Promise.race([iterator.next(), closed.promise]);
      if (next === null || next.done) return;
      yield next.value;
    }
  } finally {
    closing.removeEventListener('abort', onClose);
  }
}
