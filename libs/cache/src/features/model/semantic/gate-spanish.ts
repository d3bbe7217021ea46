import type { GateTable } from './gate-table.js';

/** Spanish. */
export const SPANISH: GateTable = Object.freeze<GateTable>({
  negations: [
    ...[
      'no',
      'nunca',
      'jamás',
      'ni',
      'nada',
      'nadie',
      'ningún',
      'ninguno',
      'ninguna',
      'ningunos',
      'ningunas',
      'tampoco',
    ],
    ...['sin', 'excepto', 'salvo', 'menos', 'sino', 'solo', 'sólo', 'solamente', 'únicamente', 'apenas', 'evit*'],
  ],
  opposites: [
    [
      ['antes', 'previo', 'previa'],
      ['después', 'tras', 'luego', 'posterior*'],
    ],
    [
      ['más', 'mayor*', 'encima', 'sobre', 'superior*'],
      ['menor*', 'debajo', 'bajo', 'inferior*'],
    ],
    [
      ['máxim*', 'alto', 'alta', 'altos', 'altas'],
      ['mínim*', 'baja', 'bajos', 'bajas'],
    ],
    [
      ['primer*', 'viej*', 'antigu*'],
      ['últim*', 'nuev*'],
    ],
    [
      ['próxim*', 'siguiente*', 'futur*', 'viene'],
      ['pasad*', 'anterior*'],
    ],
    [
      ['aument*', 'increment*', 'subir', 'sube', 'suben', 'subid*', 'añad*', 'agreg*'],
      ['disminu*', 'reduc*', 'baj*', 'quit*', 'elimin*', 'borr*'],
    ],
    [
      ['compr*', 'adquir*'],
      ['vend*', 'vent*'],
    ],
    [
      ['prestar', 'presto', 'presta'],
      ['pedir', 'pido', 'pide'],
    ],
    [
      ['abr*', 'abiert*', 'apertura*'],
      ['cerr*', 'cierr*', 'cierre*'],
    ],
    [
      ['empez*', 'empiez*', 'comenz*', 'comienz*', 'inici*'],
      ['termin*', 'acab*', 'final*', 'finaliz*', 'fin'],
    ],
    [
      ['activ*', 'habilit*', 'encend*', 'enciend*'],
      ['desactiv*', 'deshabilit*', 'apag*', 'inhabilit*'],
    ],
    [
      ['permit*', 'autoriz*'],
      ['prohib*', 'imped*', 'impid*'],
    ],
    [
      ['legal*', 'válid*', 'lícit*', 'regular*'],
      ['ilegal*', 'inválid*', 'ilícit*', 'irregular*'],
    ],
    [['posible*'], ['imposible*']],
    [
      ['obligatori*', 'necesari*'],
      ['opcional*', 'voluntari*', 'innecesari*'],
    ],
    [
      ['acept*', 'aprob*', 'aprueb*', 'conced*', 'concesi*', 'favorable*'],
      ['rechaz*', 'deneg*', 'denieg*', 'desestim*', 'desfavorable*'],
    ],
    [
      ['lleg*', 'entr*', 'ingres*'],
      ['salir', 'sale', 'salen', 'salid*', 'partir', 'egres*'],
    ],
    [['import*'], ['export*']],
    [
      ['envi*', 'mand*', 'entreg*', 'present*'],
      ['recib*', 'recog*', 'recoj*', 'retir*'],
    ],
    [
      ['conect*', 'instal*', 'bloque*'],
      ['desconect*', 'desinstal*', 'desbloque*'],
    ],
    [
      ['leer', 'lee', 'lectura*'],
      ['escrib*', 'escritura*'],
    ],
    [
      ['gan*', 'benefici*'],
      ['perd*', 'pierd*', 'pérdida*'],
    ],
    [
      ['empleador*', 'patron*', 'arrendador*', 'casero*', 'vendedor*'],
      ['emplead*', 'trabajador*', 'arrendatari*', 'inquilin*', 'comprador*'],
    ],
    [
      ['casad*', 'casar*', 'cónyuge*'],
      ['solter*', 'divorci*', 'viud*'],
    ],
    [
      ['ventaja*', 'buen*', 'mejor*'],
      ['desventaja*', 'inconveniente*', 'mal', 'malo', 'mala', 'malos', 'malas', 'peor*'],
    ],
    [['barat*'], ['caro', 'cara', 'caros', 'caras', 'costos*']],
    [['rápid*'], ['lent*']],
    [['calient*', 'calor'], ['frí*']],
    [
      ['verdader*', 'correct*', 'ciert*'],
      ['fals*', 'incorrect*', 'errón*'],
    ],
    [['públic*'], ['privad*']],
    [
      ['hombre*', 'padre*', 'marido*', 'hijo', 'hijos', 'masculin*'],
      ['mujer*', 'madre*', 'esposa*', 'hija', 'hijas', 'femenin*'],
    ],
    [['nort*'], ['sur*']],
    [['orient*'], ['oeste', 'occident*']],
    [['izquierd*'], ['derech*']],
    [
      ['tod*', 'siempre', 'cada'],
      ['algun*', 'algún', 'alguien', 'algo', 'veces'],
    ],
    [
      ['temporal*', 'provisional*'],
      ['permanente*', 'definitiv*', 'indefinid*'],
    ],
    [
      ['renov*', 'renuev*', 'prorrog*', 'prórroga*'],
      ['solicit*', 'pedir', 'obten*', 'obtien*', 'cancel*', 'anul*'],
    ],
    [['comunitari*'], ['extracomunitari*']],
  ],
  routes: [
    [['desde'], ['hasta', 'hacia', 'a', 'al']],
    [
      ['de', 'del'],
      ['a', 'al', 'hasta'],
    ],
    [['entre'], ['y', 'e']],
  ],
  units: {
    second: ['segundo', 'segundos'],
    minute: ['minuto', 'minutos'],
    hour: ['hora', 'horas'],
    day: ['día', 'días'],
    week: ['semana', 'semanas'],
    month: ['mes', 'meses'],
    year: ['año', 'años'],
    euro: ['euro', 'euros'],
    dollar: ['dólar', 'dólares'],
    pound: ['libra', 'libras'],
    gram: ['gramo', 'gramos'],
    kilogram: ['kilogramo', 'kilogramos'],
    metre: ['metro', 'metros'],
    kilometre: ['kilómetro', 'kilómetros'],
    mile: ['milla', 'millas'],
    litre: ['litro', 'litros'],
    percent: ['ciento'],
  },
  values: {
    ...{
      '0': ['cero'],
      '1': ['uno'],
      '2': ['dos', 'ambos', 'ambas', 'doble'],
      '3': ['tres', 'triple'],
      '4': ['cuatro'],
    },
    ...{ '5': ['cinco'], '6': ['seis'], '7': ['siete'], '8': ['ocho'], '9': ['nueve'], '10': ['diez'], '11': ['once'] },
    ...{ '12': ['doce', 'docena*'], '15': ['quince'], '20': ['veinte'], '30': ['treinta'], '100': ['cien', 'cientos'] },
    ...{ '1000': ['mil', 'miles'], '1000000': ['millón', 'millones'], '1/2': ['medio', 'media', 'mitad'] },
    ...{ '3rd': ['tercer*'], '4th': ['cuarto', 'cuarta'], '5th': ['quinto', 'quinta'] },
    ...{ today: ['hoy', 'ahora'], tomorrow: ['mañana'], yesterday: ['ayer'] },
    ...{ mon: ['lunes'], tue: ['martes'], wed: ['miércoles'], thu: ['jueves'], fri: ['viernes'], sat: ['sábado*'] },
    ...{ sun: ['domingo*'], jan: ['enero'], feb: ['febrero'], mar: ['marzo'], apr: ['abril'], may: ['mayo'] },
    ...{ jun: ['junio'], jul: ['julio'], aug: ['agosto'], sep: ['septiembre', 'setiembre'], oct: ['octubre'] },
    ...{ nov: ['noviembre'], dec: ['diciembre'], evening: ['tarde*', 'noche*'] },
    ...{ spring: ['primavera*'], summer: ['verano*'], autumn: ['otoño*'], winter: ['invierno*'] },
  },
});
