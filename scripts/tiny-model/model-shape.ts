/** 32-bit for training, 64-bit for the gradient check. */
export type Floats = Float32Array | Float64Array;

export interface ModelShape {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Each key-value head serves `heads / keyValueHeads` query heads. */
  readonly keyValueHeads: number;
  readonly hidden: number;
  readonly contextTokens: number;
  readonly ropeBase: number;
  readonly normEpsilon: number;
}

export interface TensorShape {
  /** Name in a GGUF file of the llama architecture. */
  readonly name: string;
  /** Rows are outputs, columns are inputs; a norm has one row. */
  readonly rows: number;
  readonly columns: number;
  readonly kind: 'norm' | 'matrix';
}

export type TensorRole =
  | 'attn_norm'
  | 'attn_q'
  | 'attn_k'
  | 'attn_v'
  | 'attn_output'
  | 'ffn_norm'
  | 'ffn_gate'
  | 'ffn_up'
  | 'ffn_down';

export const headSize = (shape: ModelShape): number => shape.width / shape.heads;
export const keyValueWidth = (shape: ModelShape): number => headSize(shape) * shape.keyValueHeads;
export const layerTensor = (layer: number, role: TensorRole): string => `blk.${layer}.${role}.weight`;

/** Every tensor of the model, in file order. The output matrix is the embedding (tied). */
export function tensorShapes(shape: ModelShape): TensorShape[] {
  const { width, hidden } = shape;
  const tensors: TensorShape[] = [
    { name: 'token_embd.weight', rows: shape.vocabulary, columns: width, kind: 'matrix' },
  ];
  for (let layer = 0; layer < shape.layers; layer++) {
    const add = (role: TensorRole, rows: number, columns: number): void => {
      tensors.push({
        name: layerTensor(layer, role),
        rows,
        columns,
        kind: role.endsWith('norm') ? 'norm' : 'matrix',
      });
    };
    add('attn_norm', 1, width);
    add('attn_q', width, width);
    add('attn_k', keyValueWidth(shape), width);
    add('attn_v', keyValueWidth(shape), width);
    add('attn_output', width, width);
    add('ffn_norm', 1, width);
    add('ffn_gate', hidden, width);
    add('ffn_up', hidden, width);
    add('ffn_down', width, hidden);
  }
  tensors.push({ name: 'output_norm.weight', rows: 1, columns: width, kind: 'norm' });
  return tensors;
}

/** One array per tensor: weights, gradients or optimizer moments. */
export type Tensors = ReadonlyMap<string, Floats>;

export function allocateTensors(shape: ModelShape, allocate: (length: number) => Floats): Tensors {
  return new Map(tensorShapes(shape).map(({ name, rows, columns }) => [name, allocate(rows * columns)]));
}

export function tensor(tensors: Tensors, name: string): Floats {
  const found = tensors.get(name);
  if (found === undefined) throw new RangeError(`no tensor ${name}`);
  return found;
}
