import { Gate, sameOrder } from './gate.js';

const gate = new Gate();
const passes = (one: string, other: string, by = gate): boolean => {
  const [mine, theirs] = [by.featuresOf(one), by.featuresOf(other)];
  return mine.exact.join('\n') === theirs.exact.join('\n') && sameOrder(mine.words, theirs.words);
};

describe('the gate', () => {
  it.each([
    ['What is the NIE?', 'Tell me about the NIE'],
    ['How do I open an account?', 'How is an account opened?'],
    ['¿Qué es el NIE?', '¿Me explicas qué es el NIE?'],
    ['¿Cuánto tarda el trámite?', 'cuánto tiempo tarda este trámite'],
    ['Is a wait of 3 days usual?', 'do people wait 3 days'],
    ['Is the fee 20 €?', 'do I pay 20 euros'],
    ['How do I fly from Madrid to Paris?', 'flights from Madrid to Paris'],
    ['¿Está permitido trabajar?', '¿se permite trabajar?'],
  ])('lets paraphrases through: %p and %p', (one, other) => {
    expect(passes(one, other)).toBe(true);
  });

  it.each([
    ['numbers', 'Can I stay 30 days?', 'Can I stay 90 days?'],
    ['decimals', 'Is 1.5 enough?', 'Is 15 enough?'],
    ['signs', 'What is -3 in Kelvin?', 'What is 3 in Kelvin?'],
    ['the order of numbers', 'What is 5 minus 3?', 'What is 3 minus 5?'],
    ['what is counted', 'Are 5 apples enough?', 'Are 5 oranges enough?'],
    ['number words', 'Do two witnesses suffice?', 'Do three witnesses suffice?'],
    ['palabras de números', '¿Bastan dos testigos?', '¿Bastan tres testigos?'],
    ['units', 'How long is 3 days?', 'How long is 3 weeks?'],
    ['unidades', '¿Cuánto es 3 meses?', '¿Cuánto es 3 años?'],
    ['percent signs', 'Is 5% much?', 'Is 5 much?'],
    ['currencies', 'Is 20€ the fee?', 'Is 20$ the fee?'],
    ['dates', 'Open on 2026-03-01?', 'Open on 2026-01-03?'],
    ['months', 'Is the office open in March?', 'Is the office open in May?'],
    ['meses', '¿Abren en enero?', '¿Abren en febrero?'],
    ['weekdays', 'open on monday?', 'open on tuesday?'],
    ['relative days', '¿Abren hoy?', '¿Abren mañana?'],
    ['quotes', 'What does "tarjeta" mean?', 'What does "tarea" mean?'],
    ['Spanish quotes', '¿Qué significa «padrón»?', '¿Qué significa «patrón»?'],
    ['code', 'Explain `a = b`', 'Explain `a == b`'],
    ['blocks of code', 'Fix ```js\nx++\n```', 'Fix ```js\nx--\n```'],
    ['URLs', 'Summarise https://a.example/x?y=1', 'Summarise https://a.example/x?y=2'],
    ['mail addresses', 'Is ana@example.org right?', 'Is bob@example.org right?'],
    ['operators', 'Is a < b here?', 'Is a > b here?'],
    ['acronyms', '¿Qué es el NIE?', '¿Qué es el TIE?'],
    ['names', 'What is the capital of France?', 'What is the capital of Spain?'],
    ['names with digits', 'What is form EX15 for?', 'What is form EX17 for?'],
    ['negations', 'Am I insured?', 'Am I not insured?'],
    ['contractions', 'Why does it work?', "Why doesn't it work?"],
    ['negaciones', '¿Puedo trabajar?', '¿No puedo trabajar?'],
    ['con y sin', '¿Puedo viajar con visado?', '¿Puedo viajar sin visado?'],
    ['permissions', '¿Puedo trabajar ahora?', '¿Está prohibido trabajar ahora?'],
    ['where a negation stands', 'May I work and not study?', 'May I study and not work?'],
    ['opposites', 'What comes before the interview?', 'What comes after the interview?'],
    ['opuestos', '¿Qué pasa antes de la cita?', '¿Qué pasa después de la cita?'],
    ['inflected opposites', 'When were prices increased?', 'When were prices decreased?'],
    ['opuestos con formas', '¿Cuándo compraron la casa?', '¿Cuándo vendieron la casa?'],
    ['roles', '¿Paga el arrendador?', '¿Paga el inquilino?'],
    ['from and to', 'How do I go from home to work?', 'How do I go from work to home?'],
    ['desde y hasta', 'tren desde valencia hasta sevilla', 'tren desde sevilla hasta valencia'],
    ['de y a', '¿Cómo paso de estudiante a trabajador?', '¿Cómo paso de trabajador a estudiante?'],
    ['between', 'the train between here and there', 'the train between there and here'],
    ['the same words in another order', 'does the landlord pay the agency', 'does the agency pay the landlord'],
    ['shared words in another order', 'how do I change euros into dollars', 'change dollars into euros'],
  ])('stops what differs in %s', (_, one, other) => {
    expect(passes(one, other)).toBe(false);
    expect(passes(one, one)).toBe(true);
    expect(passes(other, other)).toBe(true);
  });

  it('takes tables of other languages', () => {
    const german = {
      negations: ['nicht', 'kein*'],
      opposites: [[['vor'], ['nach']]],
      routes: [[['von'], ['nach']]],
      units: { day: ['tag', 'tage'] },
      values: { '2': ['zwei'] },
    } as const;
    const extended = new Gate([german]);
    for (const [one, other] of [
      ['wird das bezahlt', 'wird das nicht bezahlt'],
      ['was ist vor dem termin', 'was ist nach dem termin'],
      ['reichen zwei zeugen', 'reichen die zeugen'],
    ] as const) {
      expect(passes(one, other)).toBe(true);
      expect(passes(one, other, extended)).toBe(false);
    }
  });

  it('takes composed and decomposed letters for the same', () => {
    expect(passes('¿Cuántos días?', '¿Cuántos días?'.normalize('NFD'))).toBe(true);
  });

  it('looks at a long text in time that grows with its length', () => {
    const long = '¿Puedo ir de "aquí" a allí sin `x` en 3 días? '.repeat(200);
    const features = gate.featuresOf(long);
    expect(features.exact.length).toBeGreaterThan(1_000);
    expect(features.words).toHaveLength(64);
  });
});
