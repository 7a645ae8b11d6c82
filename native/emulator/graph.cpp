#include "graph.h"

#include <algorithm>
#include <map>
#include <random>

#include "driver.h"

namespace emulated {

Graphs& Graphs::get() {
    static Graphs* const graphs = new Graphs;
    return *graphs;
}

CUgraph Graphs::create() {
    auto* const graph = new CUgraph_st;
    graphs_.insert(graph);
    return graph;
}

CUresult Graphs::destroy(CUgraph graph) {
    if (graphs_.erase(graph) == 0) return error(CUDA_ERROR_INVALID_VALUE, "cuGraphDestroy of an unknown graph");
    delete graph;
    return CUDA_SUCCESS;
}

CUgraphExec Graphs::instantiate(CUgraph graph) {
    std::map<CUgraphNode, size_t> index;
    auto steps = std::make_shared<std::vector<CUgraphExec_st::Step>>();
    for (const auto& node : graph->nodes) {
        CUgraphExec_st::Step step{node->work, {}};
        for (CUgraphNode before : node->dependencies) step.dependencies.push_back(index.at(before));
        index[node.get()] = steps->size();
        steps->push_back(std::move(step));
    }
    auto* const exec = new CUgraphExec_st{steps};
    execs_.insert(exec);
    return exec;
}

CUresult Graphs::destroy(CUgraphExec exec) {
    if (execs_.erase(exec) == 0) return error(CUDA_ERROR_INVALID_VALUE, "cuGraphExecDestroy of an unknown graph");
    delete exec;
    return CUDA_SUCCESS;
}

void Graphs::destroy_all() {
    for (CUgraph graph : graphs_) delete graph;
    for (CUgraphExec exec : execs_) delete exec;
    graphs_.clear();
    execs_.clear();
}

bool Graphs::exists(CUgraphNode wanted) const {
    for (CUgraph graph : graphs_)
        for (const auto& node : graph->nodes)
            if (node.get() == wanted) return true;
    return false;
}

CUgraphNode add_node(CUgraph graph, CUgraphNodeType type, Work work, std::vector<CUgraphNode> dependencies) {
    graph->nodes.push_back(std::make_unique<CUgraphNode_st>(CUgraphNode_st{type, std::move(work), std::move(dependencies)}));
    return graph->nodes.back().get();
}

namespace {

CUresult run(const CUgraphExec_st::Step& step) { return step.work == nullptr ? CUDA_SUCCESS : step.work(); }

// Picks among the steps whose dependencies are done: the latest captured, or a random one.
CUresult replay_reordered(const std::vector<CUgraphExec_st::Step>& steps) {
    static std::mt19937 random(switches().seed);
    std::vector<size_t> missing(steps.size()), ready;
    std::vector<std::vector<size_t>> dependents(steps.size());
    for (size_t i = 0; i < steps.size(); ++i) {
        missing[i] = steps[i].dependencies.size();
        for (size_t before : steps[i].dependencies) dependents[before].push_back(i);
        if (missing[i] == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
        const auto picked = switches().order == Order::RANDOM ? ready.begin() + long(random() % ready.size()) : std::max_element(ready.begin(), ready.end());
        const size_t i = *picked;
        ready.erase(picked);
        if (const CUresult failed = run(steps[i]); failed != CUDA_SUCCESS) return failed;
        for (size_t next : dependents[i])
            if (--missing[next] == 0) ready.push_back(next);
    }
    return CUDA_SUCCESS;
}

}  // namespace

CUresult replay(const std::vector<CUgraphExec_st::Step>& steps) {
    if (switches().order != Order::FORWARD) return replay_reordered(steps);
    for (const auto& step : steps)
        if (const CUresult failed = run(step); failed != CUDA_SUCCESS) return failed;
    return CUDA_SUCCESS;
}

}  // namespace emulated
