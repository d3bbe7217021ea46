import { DataModel } from './data-model.js';

const scalar = (name: string) => ({ name, kind: 'scalar', type: 'String' });
const relation = (name: string, type: string, relationName = 'MemberToTeam') => ({
  ...{ name, kind: 'object', type, relationName },
});
const runtime = {
  models: {
    Team: { fields: [scalar('id'), scalar('slug'), scalar('name'), relation('members', 'Member')] },
    Member: { fields: [scalar('id'), scalar('teamSlug'), scalar('nick'), relation('team', 'Team')] },
    Note: { fields: [scalar('id'), scalar('text')] },
  },
};
const schema = (team: string, members = 'members Member[]'): string => `
  model Team { // the first
    id   String @id @default("{")
    slug String @unique // references: [name]
    name String @default("// no comment: \\" @relation(")
    ${members}
  }\r
  model Member {
    id       String @id
    teamSlug String
    nick     String
    ${team}
    @@index([teamSlug])
  }
  model Note {
    id   String @id
    text String
  }`;
const keysOf = (text: string): string[] => {
  const data = new DataModel(runtime, text);
  return Object.entries(runtime.models).flatMap(([model, { fields }]) =>
    fields.filter(({ name }) => data.isKey(model, name)).map(({ name }) => `${model}.${name}`),
  );
};
const everything = [
  ...['Team.id', 'Team.slug', 'Team.name', 'Team.members'],
  ...['Member.id', 'Member.teamSlug', 'Member.nick', 'Member.team', 'Note.id'],
];

describe('the keys of models', () => {
  it.each([
    'team Team @relation(fields: [teamSlug], references: [slug])',
    'team Team? @relation("a // b", references : [ slug ], onUpdate: NoAction, fields:[teamSlug])',
    'team Team @ignore @relation(map: "x)", fields: [teamSlug], references: [slug]) // references: [name]',
  ])('are what is referred to: %s', (text) => {
    expect(keysOf(schema(text))).toEqual(['Team.id', 'Team.slug', 'Member.id', 'Note.id']);
  });

  it.each([
    ['without the text of the schema', ''],
    ['when a relation is not in it', schema('')],
    ['when no end has a foreign key', schema('team Team')],
    [
      'when both have',
      schema(
        'team Team @relation(fields: [a], references: [b])',
        'members Member[] @relation(fields: [a], references: [b])',
      ),
    ],
    ['when it is of another schema', schema('team Note @relation(fields: [teamSlug], references: [slug])')],
  ])('are all fields of models with a relation %s', (_, text) => {
    expect(keysOf(text)).toEqual(expect.arrayContaining(everything));
  });

  it('are relations, too, whose foreign key is a key', () => {
    const text = schema('team Team @relation(fields: [id], references: [id])');
    expect(keysOf(text)).toEqual(['Team.id', 'Member.id', 'Member.team', 'Note.id']);
    expect(new DataModel(runtime, text).hasKeyBehind('Team', 'members')).toBe(true);
    expect(
      new DataModel(runtime, schema('team Team @relation(fields: [teamSlug], references: [id])')).hasKeyBehind(
        'Team',
        'members',
      ),
    ).toBe(false);
  });
});
