extension Lexicon {
    /// Structures that are not lesions; statements about them are not about the tumour.
    static let structures = """
        intracranial volume, total intracranial volume, brain volume, cerebral volume, target volume, resection volume,
        ventricular volume, cystic component, cystic components, cystic part, cystic portion, component, portion,
        ventricle, ventricles, ventricular, horn, horns, sinus, sinuses, mastoid, mastoids, orbit, orbits, optic, chiasm, nerve, nerves,
        pituitary, pineal, hypophysis, artery, arteries, vein, veins, venous, vessel, vessels, vascular, carotid, vertebral, basilar, bone,
        bones, skull, calvarium, calvaria, scalp, dura, falx, tentorium, meninges, sulci, sulcus, cistern, cisterns, hippocampus, hippocampi,
        tonsil, tonsils, foramen, septum, pellucidum, choroid, plexus, stalk, air cells, nasopharynx, muscle, condyle, tract, tracts,
        fasciculus, fascicle, flow void, flow voids, cavity, burr, catheter, shunt, drain, gyri, differentiation, calvarial, convexity, nodule, nodules, mural nodule, wall, csf,
        spaces, space between, fossa, motor cortex, sensory cortex, visual cortex, auditory cortex, cortical dysplasia, midline structures,
        midline shift, mass effect, tip, cella, sella, cavum, white matter lesions, white matter lesion, white matter hyperintensity,
        white matter hyperintensities, ependyma, cranium, flap, craniotomy, plate, plates, teeth, parotid, lung, breast, thigh, kidney,
        upper lobe, lower lobe
        """

    static let technique = """
        gadobutrol, gadoterate, gadoteridol, gadovist, dotarem, meglumine, gadopentetate, gadoteric, injected, injection, intravenous, sequence, sequences,
        intravenously, dose, agent, contrast medium, contrast agent, slice, slices, thickness, spacing, matrix, fov, field of view, voxel,
        voxels, isotropic, resolution, coil, tesla, mprage, acquired, acquisition, bolus, flip, kg, kilogram, weight, bandwidth,
        scanner, protocol, tr, te, ti, b value, b values, mmol, adc, rcbv, cbv, ktrans, spectroscopy, choline, naa, cho, cr, creatine, lactate, ppm, ratio of
        choline, tbr, suv, karnofsky, ecog, kps, dexamethasone, fractions, gy, radiotherapy, temozolomide, ki, mib, score, index, fazekas, creatinine, gfr, saline, flow rate, injector, artefact, artefacts, artifact, artifacts, mask, masks
        """

    static let diseases = """
        t2 hyperintensity, t2 hyperintensities, hyperintensity, hyperintensities, scattered foci, punctate foci, foci of t2,
        foci of hyperintensity, foci of susceptibility, foci of haemorrhage, small vessel disease, cyst, cysts, infarct, infarcts, infarction, haematoma, hematoma, hemorrhage, haemorrhage, microbleed, microbleeds, microhaemorrhage, microhaemorrhages, bleed, bleeding, aneurysm,
        cavernoma, cavernomas, angioma, haemangioma, hemangioma, lipoma, meningioma, meningiomas, schwannoma, schwannomas, adenoma, adenomas, microadenoma, telangiectasia, osteoma, polyp, lacune, lacunar, microangiopathic,
        microangiopathy, microangiopathic, gliosis, gliotic, leukoaraiosis, hydrocephalus, herniation, developmental venous anomaly, venous anomaly, dva,
        fracture, effusion, thickening, mucosal, carcinoma, cancer, melanoma, lymphadenopathy, calcification, calcifications, ischaemia,
        ischemia, stroke, hygroma, subdural, epidural, thrombosis, malformation, dysplasia, heterotopia, ganglioglioma, hemiparesis,
        weakness, aphasia, hemianopia, seizure, seizures, handed, palsy, deficit, numbness, headache, arm, leg, hand, face, restricted
        diffusion, diffusion restriction, susceptibility, blood products, hyperperfusion, perfusion, atrophy, encephalomalacia
        """
}
