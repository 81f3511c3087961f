export * from './generated/google/protobuf/any.ts';
export * from './generated/google/protobuf/duration.ts';
export * from './generated/google/rpc/status.ts';
export { BadRequest, ErrorInfo, RetryInfo } from './generated/google/rpc/error_details.ts';
