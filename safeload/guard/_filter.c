/* The audit hook's filter: hands the events that the guard decides on to the hook in Python, lets all others pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `id()` alone raises an event, so a hook in Python is called for each object that `copy.deepcopy` copies. Nothing is
 * decided here: which events are heard and what follows is said by `hook.py`, which adds its function with
 * `sys.addaudithook` where this module is missing. https://docs.python.org/3/c-api/sys.html#c.PySys_AddAuditHook
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#ifdef Py_GIL_DISABLED
#error "The table is read without a lock: builds without the GIL use the hook in Python."
#endif

#define SLOTS 512 /* a power of two; half of it is the most that is taken */
#define PROBE "safeload.filter"

typedef struct {
    const char *event; /* NULL: nobody's slot */
    PyObject *name;    /* the same as a str, made once; its text is `event` */
} Slot;

static Slot table[SLOTS];
static unsigned char begins[256]; /* the first bytes of all events that are heard */
static PyObject *handler = NULL;  /* called as handler(event, args), to the last event before CPython forgets all hooks */
static int64_t interpreter;       /* the one that installed it: a hook in C is called for all of them */
static int probed = 0;

static unsigned int
place(const char *event)
{
    unsigned int hash = 2166136261u; /* FNV-1a */
    for (; *event; event++) {
        hash = (hash ^ (unsigned char)*event) * 16777619u;
    }
    return (hash ^ (hash >> 15)) & (SLOTS - 1);
}

/* Where an event is in the table, or the free slot where it would be. */
static Slot *
find(const char *event)
{
    unsigned int at = place(event);
    while (table[at].event != NULL && strcmp(table[at].event, event) != 0) {
        at = (at + 1) & (SLOTS - 1);
    }
    return &table[at];
}

/* Trace functions do not see what a hook does, as with hooks that `sys.addaudithook` adds. */
static PyObject *
called(PyObject *name, PyObject *args)
{
    PyThreadState *thread = PyThreadState_Get();
    PyObject *done;
#if PY_VERSION_HEX >= 0x030B0000
    PyThreadState_EnterTracing(thread);
#else
    thread->tracing++;
#endif
    done = PyObject_CallFunctionObjArgs(handler, name, args != NULL ? args : Py_None, NULL);
#if PY_VERSION_HEX >= 0x030B0000
    PyThreadState_LeaveTracing(thread);
#else
    thread->tracing--;
#endif
    return done;
}

/* 0 lets the event pass; -1 stops it, with the exception that the handler raised. */
static int
hear(const char *event, PyObject *args, void *Py_UNUSED(data))
{
    PyObject *done;
    Slot *slot;

    if (!begins[(unsigned char)event[0]]) {
        return 0;
    }
    slot = find(event);
    if (slot->event == NULL) {
        return 0;
    }
    if (slot->name == NULL) { /* the probe */
        probed = 1;
        return 0;
    }
    if (handler == NULL || PyInterpreterState_GetID(PyInterpreterState_Get()) != interpreter) {
        return 0;
    }
    done = called(slot->name, args);
    if (done == NULL) {
        return -1;
    }
    Py_DECREF(done);
    return 0;
}

static void
put(const char *event, PyObject *name)
{
    Slot *slot = find(event);
    slot->event = event;
    slot->name = name;
    begins[(unsigned char)event[0]] = 1;
}

/* Every name is kept for good: the table points into it. Returns -1 with an exception. */
static int
fill(PyObject *events)
{
    PyObject *names = PySequence_Tuple(events);
    Py_ssize_t index;

    if (names == NULL) {
        return -1;
    }
    if (PyTuple_GET_SIZE(names) > SLOTS / 2) {
        PyErr_SetString(PyExc_ValueError, "too many events");
        Py_DECREF(names);
        return -1;
    }
    memset(table, 0, sizeof table);
    memset(begins, 0, sizeof begins);
    put(PROBE, NULL);
    for (index = 0; index < PyTuple_GET_SIZE(names); index++) {
        PyObject *name = PyTuple_GET_ITEM(names, index);
        const char *event = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
        if (event == NULL || find(event)->event != NULL) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_ValueError, "events are different names");
            }
            memset(begins, 0, sizeof begins);
            Py_DECREF(names);
            return -1;
        }
        Py_INCREF(name);
        put(event, name);
    }
    Py_DECREF(names);
    return 0;
}

/* Whether CPython calls us, seen by an event that is raised for that. No flag knows: somebody's hook may forbid ours, and
 * Python then says nothing; the end of a runtime takes all hooks out, and a program may start the next one. */
static int
is_heard(void)
{
    probed = 0;
    if (PySys_Audit(PROBE, NULL) < 0) {
        PyErr_Clear();
    }
    return probed;
}

PyDoc_STRVAR(install_doc,
"install(handler, events) -> bool\n\n"
"Call handler(event, args) for these events of this interpreter, for good. False: it is taken, or does not hear.");

static PyObject *
install(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *callable, *events;

    if (!PyArg_ParseTuple(args, "OO:install", &callable, &events)) {
        return NULL;
    }
    if (!PyCallable_Check(callable)) {
        PyErr_SetString(PyExc_TypeError, "the handler cannot be called");
        return NULL;
    }
    if (handler != NULL && is_heard()) { /* by another interpreter, or once before: nobody replaces it */
        Py_RETURN_FALSE;
    }
    handler = NULL; /* of a runtime that is gone */
    if (fill(events) < 0) {
        return NULL;
    }
    if (PySys_AddAuditHook(hear, NULL) < 0) {
        return NULL;
    }
    if (!is_heard()) {
        Py_RETURN_FALSE;
    }
    interpreter = PyInterpreterState_GetID(PyInterpreterState_Get());
    Py_INCREF(callable);
    handler = callable;
    Py_RETURN_TRUE;
}

static PyMethodDef methods[] = {
    {"install", install, METH_VARARGS, install_doc},
    {NULL, NULL, 0, NULL},
};

/* In one phase and with a state that is the process's: an interpreter with a GIL of its own refuses to import it. */
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_filter", "The audit hook's filter by the names of events.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__filter(void)
{
    return PyModule_Create(&definition);
}
