import { invalidFields, type Refusal } from '@orrery/core';

/** The refusal of one field that is not as the protocol wants it. */
export function invalidField(field: string, description: string): Refusal {
  return invalidFields([{ field, description }]);
}
