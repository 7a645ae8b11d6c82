// Graphs: captured work, and its replay.
#pragma once
#include <memory>
#include <set>
#include <vector>

#include "stream.h"

struct CUgraphNode_st {
    CUgraphNodeType type;
    emulated::Work work;  // null: an empty node
    std::vector<CUgraphNode> dependencies;
};

struct CUgraph_st {
    std::vector<std::unique_ptr<CUgraphNode_st>> nodes;  // every node after those it depends on
};

struct CUgraphExec_st {
    struct Step {
        emulated::Work work;
        std::vector<size_t> dependencies;
    };
    std::shared_ptr<const std::vector<Step>> steps;
};

namespace emulated {

// One capture, over the stream it began in and those that joined it through events.
struct Capture {
    CUgraph graph;
    CUstream origin;
    CUstreamCaptureMode mode;
    unsigned long thread;  // that began it
    bool invalidated = false;
};

class Graphs {
public:
    static Graphs& get();
    CUgraph create();
    CUresult destroy(CUgraph graph);
    CUgraphExec instantiate(CUgraph graph);
    CUresult destroy(CUgraphExec exec);
    void destroy_all();
    bool exists(CUgraph graph) const { return graphs_.count(graph) != 0; }
    bool exists(CUgraphExec exec) const { return execs_.count(exec) != 0; }
    bool exists(CUgraphNode node) const;
    size_t live_graphs() const { return graphs_.size(); }
    size_t live_execs() const { return execs_.size(); }

private:
    std::set<CUgraph> graphs_;
    std::set<CUgraphExec> execs_;
};

CUgraphNode add_node(CUgraph graph, CUgraphNodeType type, Work work, std::vector<CUgraphNode> dependencies);

// Runs the steps in an order that their dependencies permit: as captured, or by the order switch.
CUresult replay(const std::vector<CUgraphExec_st::Step>& steps);

CUresult begin_capture(CUstream stream, CUstreamCaptureMode mode);
CUresult end_capture(CUstream stream, CUgraph* graph);
CUresult capture_work(CUstream stream, CUgraphNodeType type, Work work);
CUresult join_capture(CUstream stream, CUevent event);
void invalidate_capture(CUstream stream);

// For calls that a capture forbids to the thread (allocation, freeing, waiting for the device): refuses and invalidates.
CUresult forbidden_in_capture(const char* function);

}  // namespace emulated
