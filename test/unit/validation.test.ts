import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ValidationFailed, validationPipe } from '../../src/http/request/validation.js';

class Optional {
  @IsOptional() @IsIn(['true']) @ApiProperty({ maxLength: 5 }) readonly deleted?: string;
  @IsOptional() readonly limit: number = 50;
}
class Required {
  @IsIn(['x']) @ApiProperty({ maxLength: 1 }) readonly name: string;
}

describe('a query without parameters', () => {
  const pipe = validationPipe();
  const check = (value: object, metatype: new () => object) => pipe.transform(value, { type: 'query', metatype });

  it('is checked once for each class, and is the same each time, with its defaults', async () => {
    const answers = [await check({}, Optional), await check({}, Optional), await check({}, Optional)];
    for (const answer of answers) {
      expect(answer).toBeInstanceOf(Optional);
      expect(answer).toEqual(answers[0]);
      expect(answer).toMatchObject({ limit: 50 });
    }
    expect(new Set(answers).size).toBe(3);
  });

  it('leaves one with parameters to be checked', async () => {
    await check({}, Optional);
    await expect(check({ deleted: 'maybe' }, Optional)).rejects.toThrow(ValidationFailed);
    await expect(check({ other: 'x' }, Optional)).rejects.toThrow(ValidationFailed);
  });

  it('is refused each time where one is required', async () => {
    for (let time = 0; time < 3; time++) await expect(check({}, Required)).rejects.toThrow(ValidationFailed);
  });
});
