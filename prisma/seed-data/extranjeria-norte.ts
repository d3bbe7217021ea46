import type { SeedDocument } from './document.js';

export const extranjeriaNorte: readonly SeedDocument[] = [
  {
    id: 'doc-arraigo-tipos',
    title: 'Los tipos de arraigo',
    authorId: 'user-iker',
    templateId: 'tpl-arraigo-social',
    content:
      'El reglamento vigente desde mayo de 2025 distingue cinco arraigos: de segunda oportunidad, sociolaboral, social, socioformativo y familiar. Con carácter general se exigen dos años de permanencia continuada en España, salvo en el familiar. En todos hay que carecer de antecedentes penales y no estar en el plazo de compromiso de no retorno. Cada tipo pide además una prueba propia, como un contrato o una matrícula.',
  },
  {
    id: 'doc-arraigo-social',
    title: 'Arraigo social: requisitos y prueba',
    authorId: 'user-iker',
    templateId: 'tpl-arraigo-social',
    content:
      'El arraigo social se pide con el impreso EX-10. Hay que probar dos años de permanencia, vínculos familiares con residentes o un informe favorable de integración de la comunidad autónoma, y medios económicos suficientes. El padrón es la mejor prueba de permanencia, pero también valen informes médicos, envíos de dinero o recibos a nombre del solicitante. Las ausencias no deben superar noventa días en dos años.',
  },
  {
    id: 'doc-arraigo-sociolaboral',
    title: 'Arraigo sociolaboral: el contrato',
    authorId: 'user-iker',
    content:
      'El arraigo sociolaboral exige uno o varios contratos que garanticen al menos el salario mínimo y que sumen un mínimo de veinte horas semanales en cómputo global. La empresa debe estar al corriente con Hacienda y la Seguridad Social. La autorización habilita para trabajar por cuenta ajena y propia, y su eficacia no depende de un alta posterior. Se recomienda adjuntar el poder de quien firma por la empresa.',
  },
  {
    id: 'doc-arraigo-socioformativo',
    title: 'Arraigo socioformativo: qué cursos valen',
    authorId: 'user-marta',
    content:
      'Para el arraigo socioformativo hay que estar matriculado o comprometerse a cursar una formación reglada, un certificado profesional o un curso de los servicios públicos de empleo. La matrícula se acredita dentro de los tres meses siguientes a la concesión. La autorización dura un año y permite trabajar hasta treinta horas semanales si es compatible con los estudios. Se prorroga si se demuestra el aprovechamiento.',
  },
  {
    id: 'doc-arraigo-familiar',
    title: 'Arraigo familiar: padres de menores',
    authorId: 'user-marta',
    content:
      'Puede pedir el arraigo familiar quien es padre, madre o tutor de un menor nacional de otro Estado de la Unión, del Espacio Económico Europeo o de Suiza, si convive con él o está al corriente de sus obligaciones. También quien presta apoyo a una persona con discapacidad de esa nacionalidad. No se exige un tiempo mínimo de permanencia. La autorización dura cinco años.',
  },
  {
    id: 'doc-segunda-oportunidad',
    title: 'Arraigo de segunda oportunidad',
    authorId: 'user-marta',
    content:
      'Este arraigo es para quien tuvo una autorización de residencia en los dos años anteriores a la solicitud y no pudo renovarla. Se pide con el impreso EX-10 y prueba de dos años de permanencia. No cabe cuando la denegación fue por razones de orden público, seguridad o salud pública. Es útil adjuntar la resolución que denegó o extinguió la autorización anterior.',
  },
  {
    id: 'doc-antecedentes-penales',
    title: 'Certificado de antecedentes penales del país de origen',
    authorId: 'user-iker',
    content:
      'El certificado debe ser del país o países donde se haya vivido en los últimos cinco años. Se apostilla o legaliza y se traduce al español si está en otro idioma. Su validez suele ser de tres meses si el propio documento no indica otra. Conviene pedirlo al final, cuando el resto del expediente está completo.',
  },
  {
    id: 'doc-apostilla',
    title: 'Apostilla de La Haya y legalización',
    authorId: 'user-iker',
    content:
      'La apostilla certifica que la firma de un documento público extranjero es auténtica y lo hace válido en los países del Convenio de La Haya. Los documentos de otros países pasan por la vía diplomática: ministerio de origen y consulado español. Los documentos de la Unión Europea sobre estado civil están exentos. La traducción jurada debe incluir también la apostilla.',
  },
  {
    id: 'doc-requerimiento',
    title: 'Responder a un requerimiento en diez días',
    authorId: 'user-iker',
    templateId: 'tpl-subsanacion',
    content:
      'Si falta un documento, la Oficina de Extranjería notifica un requerimiento y concede diez días hábiles para subsanar. El plazo empieza el día siguiente a la notificación, o al acceso en la sede electrónica. No contestar equivale a desistir de la solicitud. Se puede pedir una ampliación de cinco días antes de que venza el plazo, explicando el motivo.',
  },
  {
    id: 'doc-recurso-reposicion',
    title: 'Recurso potestativo de reposición',
    authorId: 'user-marta',
    content:
      'Contra una denegación cabe recurso de reposición en el plazo de un mes ante el mismo órgano, o recurso contencioso-administrativo en dos meses. La reposición es gratuita y no exige abogado. Si no se resuelve en un mes se entiende desestimada y queda abierta la vía judicial. En el escrito conviene aportar el documento cuya falta motivó la denegación.',
  },
  {
    id: 'doc-renovacion-cuenta-ajena',
    title: 'Renovación por cuenta ajena: qué mira la oficina',
    authorId: 'user-iker',
    templateId: 'tpl-renovacion-residencia',
    content:
      'En la renovación de residencia y trabajo por cuenta ajena se comprueba la continuidad de la relación laboral, o al menos tres meses trabajados por año con búsqueda activa de empleo. Se aporta informe de vida laboral y contrato vigente. También se valoran la escolarización de los hijos y el pago de impuestos. La autorización renovada dura cuatro años.',
  },
  {
    id: 'doc-larga-duracion',
    title: 'Residencia de larga duración (EX-11)',
    authorId: 'user-iker',
    content:
      'Tras cinco años de residencia legal y continuada se puede pedir la residencia de larga duración con el impreso EX-11. Las ausencias no deben pasar de seis meses seguidos ni de diez meses en total durante los cinco años. Permite vivir y trabajar en España en las mismas condiciones que un español. La tarjeta se renueva cada cinco años, pero el derecho no caduca con ella.',
  },
  {
    id: 'doc-reagrupacion',
    title: 'Reagrupación familiar: medios y vivienda',
    authorId: 'user-marta',
    content:
      'Puede reagrupar quien ha residido un año y ha renovado, o va a renovar, su autorización. Para dos miembros se exige el 150 % del IPREM y un 50 % más por cada persona adicional. La vivienda se acredita con un informe de adecuación del ayuntamiento o la comunidad autónoma. Concedida la autorización, el familiar pide el visado en el consulado en el plazo de dos meses.',
  },
];
