/* Reads and writes of fields, and reads of globals, remembered where they are made, as Python's own interpreter does.

   mypyc reads the fields of structs through PyObject_GetAttr, which looks each of them up in its class. Here every
   place that reads one remembers of the two classes it met last where in the object that field lies, for as long as the
   class is as it was (its version tag). What is no plain field, or is not set, goes the long way. Likewise a write of
   such a field, and a module's global, as long as nothing in the module is set anew.
   compile_logic.py puts this below the headers of what mypyc has written. */

#if defined(__GNUC__) && !defined(Py_GIL_DISABLED)

typedef struct {
    PyObject *name; /* kept for good, so that another name never has its address */
    struct {
        unsigned int version;
        Py_ssize_t offset;
    } newest, former; /* of the two classes met last: the events, say */
} FieldPlace;

static inline unsigned int version_of(PyTypeObject *type) { /* 0: it has none now */
    return PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) ? type->tp_version_tag : 0;
}

static void remember_place(PyTypeObject *type, PyObject *name, int unless_flags, FieldPlace *place) {
    if (place->name != NULL && place->name != name) {
        return;
    }
    PyObject *found = _PyType_Lookup(type, name); /* gives the class a version */
    if (found == NULL || !Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        return;
    }
    PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
    if (member->type == T_OBJECT_EX && !(member->flags & unless_flags)
        && PyType_IsSubtype(type, ((PyDescrObject *)found)->d_type)) {
        if (place->name == NULL) {
            place->name = name;
            Py_INCREF(name);
        }
        place->former = place->newest;
        place->newest.version = version_of(type);
        place->newest.offset = member->offset;
    }
}

static inline PyObject **remembered(PyObject *object, PyObject *name, FieldPlace *place) { /* NULL: it is not */
    unsigned int version = version_of(Py_TYPE(object));
    if (version != 0 && place->name == name) {
        if (version == place->newest.version) {
            return (PyObject **)((char *)object + place->newest.offset);
        }
        if (version == place->former.version) {
            return (PyObject **)((char *)object + place->former.offset);
        }
    }
    return NULL;
}

static CPy_NOINLINE PyObject *look_up_field(PyObject *object, PyObject *name, FieldPlace *place) {
    PyTypeObject *type = Py_TYPE(object);
    if (type->tp_getattro == PyObject_GenericGetAttr) {
        remember_place(type, name, 0, place);
    }
    return PyObject_GetAttr(object, name);
}

static inline PyObject *read_field(PyObject *object, PyObject *name, FieldPlace *place) {
    PyObject **field = remembered(object, name, place);
    if (field != NULL && *field != NULL) {
        Py_INCREF(*field);
        return *field;
    }
    return look_up_field(object, name, place);
}

#undef CPyObject_GetAttr
#define CPyObject_GetAttr(object, name)          \
    ({                                           \
        static FieldPlace place_of_read;         \
        read_field(object, name, &place_of_read); \
    })

/* A write that has passed once, to an object that the collector does not know: then there is no more to it. A struct of
   msgspec's that is frozen refuses it, and one that the collector knows tells it of what was put in. */
static CPy_NOINLINE int write_the_long_way(PyObject *object, PyObject *name, PyObject *value, FieldPlace *place) {
    static PyObject *setter_name = NULL;
    PyTypeObject *type = Py_TYPE(object);
    int failed = PyObject_SetAttr(object, name, value);
    if (failed || value == NULL || PyType_IS_GC(type)) {
        return failed;
    }
    if (setter_name == NULL && (setter_name = PyUnicode_InternFromString("__setattr__")) == NULL) {
        return -1;
    }
    PyObject *setter = _PyType_Lookup(type, setter_name);
    if (setter != NULL && Py_IS_TYPE(setter, &PyWrapperDescr_Type)) { /* none that Python code defines */
        remember_place(type, name, READONLY, place);
    }
    return 0;
}

static inline int write_field(PyObject *object, PyObject *name, PyObject *value, FieldPlace *place) {
    PyObject **field = remembered(object, name, place);
    if (field != NULL && value != NULL) {
        PyObject *before = *field;
        Py_INCREF(value);
        *field = value;
        Py_XDECREF(before);
        return 0;
    }
    return write_the_long_way(object, name, value, place);
}

#undef PyObject_SetAttr
#define PyObject_SetAttr(object, name, value)              \
    ({                                                     \
        static FieldPlace place_of_write;                  \
        write_field(object, name, value, &place_of_write); \
    })

#if PY_VERSION_HEX < 0x030C0000 /* later versions of Python are about to drop the version of a dict */

typedef struct {
    PyObject *key; /* kept for good */
    PyObject *value; /* the dict's, which holds it as long as it has this version */
    uint64_t version;
} GlobalPlace;

static CPy_NOINLINE PyObject *look_up_global(PyObject *dict, PyObject *key, GlobalPlace *place) {
    PyObject *value = CPyDict_GetItem(dict, key);
    if (value != NULL && PyDict_CheckExact(dict) && (place->key == NULL || place->key == key)) {
        if (place->key == NULL) {
            place->key = key;
            Py_INCREF(key);
        }
        place->value = value;
        place->version = ((PyDictObject *)dict)->ma_version_tag; /* no two states of dicts have the same one */
    }
    return value;
}

static inline PyObject *read_global(PyObject *dict, PyObject *key, GlobalPlace *place) {
    if (place->key == key && PyDict_CheckExact(dict) && ((PyDictObject *)dict)->ma_version_tag == place->version) {
        Py_INCREF(place->value);
        return place->value;
    }
    /* Not asked by one key alone: it is no global, but an item of some dict. */
    return place->key != NULL && place->key != key ? CPyDict_GetItem(dict, key) : look_up_global(dict, key, place);
}

#define CPyDict_GetItem(dict, key)                \
    ({                                            \
        static GlobalPlace place_of_read;         \
        read_global(dict, key, &place_of_read);   \
    })

#endif
#endif
