// Ids counted in source order, not derived from absolute paths: two checkouts build identical files.
module.exports = {
  optimization: { moduleIds: 'natural', chunkIds: 'natural' }
};
