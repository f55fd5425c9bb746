/** What remains to whoever has a model that no file in `architectures` describes. */
export const OTHER_WAYS =
  'Export the model to ONNX (torch.onnx.export or optimum-cli) and score the .onnx file, or use the method magnitude, which takes any safetensors checkpoint.';
