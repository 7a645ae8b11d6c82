// Graphs: what can be done with a captured one.
#include <algorithm>

#include "driver.h"
#include "graph.h"

using namespace emulated;

namespace {

template <class Body> CUresult on_graph(const char* function, CUgraph graph, Body body) {
    return driver_call(function, Needs::CONTEXT, [&] {
        return Graphs::get().exists(graph) ? body() : error(CUDA_ERROR_INVALID_VALUE, "%s: an unknown graph", function);
    });
}

// NVIDIA's convention: without an array only the count is wanted; surplus room is filled with null.
CUresult list(const std::vector<CUgraphNode>& nodes, CUgraphNode* array, size_t* count) {
    if (array != nullptr)
        for (size_t i = 0; i < *count; ++i) array[i] = i < nodes.size() ? nodes[i] : nullptr;
    *count = array == nullptr ? nodes.size() : std::min(*count, nodes.size());
    return CUDA_SUCCESS;
}

CUresult launch(CUgraphExec exec, CUstream stream) {
    if (stream->capture != nullptr) return error(CUDA_ERROR_NOT_SUPPORTED, "cuGraphLaunch into a capture");
    // The steps outlive the graph's handle if it is destroyed before deferred work runs.
    return Streams::get().submit(stream, CU_NODE_GRAPH, [steps = exec->steps] { return replay(*steps); });
}

}  // namespace

CUDA_API cuGraphCreate(CUgraph* graph, unsigned) {
    return driver_call("cuGraphCreate", Needs::CONTEXT, [&] {
        *graph = Graphs::get().create();
        return CUDA_SUCCESS;
    });
}
CUDA_API cuGraphDestroy(CUgraph graph) {
    return driver_call("cuGraphDestroy", Needs::CONTEXT, [&] { return Graphs::get().destroy(graph); });
}
CUDA_API cuGraphAddEmptyNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* dependencies, size_t count) {
    return on_graph("cuGraphAddEmptyNode", graph, [&] {
        *node = add_node(graph, CU_NODE_EMPTY, nullptr, std::vector<CUgraphNode>(dependencies, dependencies + count));
        return CUDA_SUCCESS;
    });
}
CUDA_API cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
    return on_graph("cuGraphGetNodes", graph, [&] {
        std::vector<CUgraphNode> all;
        for (const auto& node : graph->nodes) all.push_back(node.get());
        return list(all, nodes, count);
    });
}
CUDA_API cuGraphGetRootNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
    return on_graph("cuGraphGetRootNodes", graph, [&] {
        std::vector<CUgraphNode> roots;
        for (const auto& node : graph->nodes)
            if (node->dependencies.empty()) roots.push_back(node.get());
        return list(roots, nodes, count);
    });
}
CUDA_API cuGraphGetEdges(CUgraph graph, CUgraphNode* from, CUgraphNode* to, size_t* count) {
    return on_graph("cuGraphGetEdges", graph, [&] {
        std::vector<CUgraphNode> starts, ends;
        for (const auto& node : graph->nodes)
            for (CUgraphNode before : node->dependencies) {
                starts.push_back(before);
                ends.push_back(node.get());
            }
        size_t room = *count;
        list(ends, to, &room);
        return list(starts, from, count);
    });
}
CUDA_API cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType* type) {
    return driver_call("cuGraphNodeGetType", Needs::CONTEXT, [&] {
        if (!Graphs::get().exists(node)) return error(CUDA_ERROR_INVALID_VALUE, "an unknown graph node");
        *type = node->type;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode* dependencies, size_t* count) {
    return driver_call("cuGraphNodeGetDependencies", Needs::CONTEXT, [&] {
        if (!Graphs::get().exists(node)) return error(CUDA_ERROR_INVALID_VALUE, "an unknown graph node");
        return list(node->dependencies, dependencies, count);
    });
}
CUDA_API cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
    return on_graph("cuGraphInstantiateWithFlags", graph, [&] {
        *exec = Graphs::get().instantiate(graph);
        return CUDA_SUCCESS;
    });
}
CUDA_API cuGraphExecDestroy(CUgraphExec exec) {
    return driver_call("cuGraphExecDestroy", Needs::CONTEXT, [&] { return Graphs::get().destroy(exec); });
}
CUDA_API cuGraphUpload(CUgraphExec exec, CUstream) {
    return driver_call("cuGraphUpload", Needs::CONTEXT, [&] {
        return Graphs::get().exists(exec) ? CUDA_SUCCESS : error(CUDA_ERROR_INVALID_VALUE, "cuGraphUpload: an unknown graph");
    });
}
CUDA_API cuGraphLaunch(CUgraphExec exec, CUstream handle) {
    return driver_call("cuGraphLaunch", Needs::CONTEXT, [&] {
        const CUstream stream = Streams::get().find(handle);
        if (stream == nullptr) return error(CUDA_ERROR_INVALID_HANDLE, "cuGraphLaunch: an unknown stream");
        if (!Graphs::get().exists(exec)) return error(CUDA_ERROR_INVALID_VALUE, "cuGraphLaunch: an unknown graph");
        return launch(exec, stream);
    });
}
