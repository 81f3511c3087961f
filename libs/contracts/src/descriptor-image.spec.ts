import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readDescriptorImage } from './descriptor-image.ts';

test('the image has every service and all that it needs', () => {
  const { file } = fromBinary(FileDescriptorSetSchema, readDescriptorImage());
  const names = file.map((each) => each.name);
  for (const service of ['task/v1/task', 'dispatch/v1/dispatch', 'dispatch/v1/scheduler', 'worker/v1/worker'])
    expect(names).toContain(`orrery/${service}_service.proto`);
  for (const dependency of file.flatMap((each) => each.dependency)) expect(names).toContain(dependency);
});
