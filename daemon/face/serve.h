/* The functions behind the methods of org.nudged. Each serves one call: see call.h. */
#pragma once

#include "face/call.h"

void serve_status(struct call *call);
void serve_list(struct call *call);
void serve_deliveries(struct call *call);
void serve_watch(struct call *call);
void serve_export(struct call *call);

void serve_answer(struct call *call);
void serve_send(struct call *call);
void serve_retry(struct call *call);
void serve_drop(struct call *call);
void serve_pause(struct call *call);
void serve_resume(struct call *call);
void serve_test_channel(struct call *call);
void serve_reload(struct call *call);
void serve_backup(struct call *call);
void serve_forget(struct call *call);
void serve_link(struct call *call);

void serve_preview(struct call *call);
void serve_explain(struct call *call);
